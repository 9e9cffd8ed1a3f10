// How what a person said reaches the kernel: by way of the browser's storage.
import type { Hello } from "./hello";
import { browserStorage, type Entry, Outbox } from "./outbox";
import type { Requests } from "./requests";

/**
 * @param kind of what is said: widgets of one log deliver only what is of their kind
 * @param delivered is called when something is on disk, with what the kernel says about it
 */
export function outboxFor<E extends Entry, D extends object>(
  requests: Requests,
  { log, annotator }: Hello,
  kind: string,
  delivered: (gesture: E, done: D) => void,
): Outbox<E, D> {
  const deliver = async (gesture: E) => {
    const { value } = await requests.insist<D | { elsewhere: true }>("act", { gesture });
    return "elsewhere" in value ? null : value;
  };
  return new Outbox(`ig_widgets:${log}:${annotator}:${kind}:`, browserStorage(), deliver, delivered);
}
