// A widget with a wall that is open on the fake page: what it says to the kernel, and what is to be read on it.
import { type FakeKernel, settled } from "./fake_kernel";
import type { FakeElement } from "./fake_page";

interface Closes {
  dispose(): void;
}

/** @param parts what is closed with it, the first one first */
export function opened<G>(kernel: FakeKernel, root: FakeElement, ...parts: Closes[]) {
  const wall = root.find("ig-wall-frame");
  wall.focus();
  return {
    ...{ kernel, root, wall },
    gestures: () => kernel.of("act").map(({ args }) => args.gesture as G),
    /** The kernel answers the last gesture. */
    answer: async (touched: number) => {
      kernel.tell({ id: kernel.of("act").at(-1)?.id, ok: { touched } });
      await settled();
    },
    counts: () => root.find("ig-place").textContent,
    saved: () => root.find("ig-saved").textContent,
    told: () => (root.elements.at(-1) as FakeElement).textContent,
    close: () => parts.forEach((part) => part.dispose()),
  };
}

/** Try something with an open widget, and close it. */
export async function tried<O extends { close(): void }>(opening: Promise<O>, use: (open: O) => Promise<void> | void): Promise<void> {
  const open = await opening;
  try {
    await use(open);
  } finally {
    open.close();
  }
}
