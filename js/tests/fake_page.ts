// As much of a browser's page as the widgets' own code asks for: elements that know their attributes, their children
// and who listens, without any layout or drawing. Importing it makes `document` and `window`.

type Listener = (event: Fired) => unknown;

export interface Fired {
  type: string;
  target: FakeElement;
  defaultPrevented: boolean;
  preventDefault(): void;
  stopPropagation(): void;
  [detail: string]: unknown;
}

export class FakeElement {
  [property: string]: unknown;
  parent: FakeElement | null = null;
  children: (FakeElement | string)[] = [];
  readonly dataset: Record<string, string> = {};
  readonly style: Record<string, string> = {};
  readonly attributes = new Map<string, string>();
  readonly listeners = new Map<string, Set<Listener>>();
  readonly classes = new Set<string>();
  readonly classList = {
    contains: (name: string) => this.classes.has(name),
    toggle: (name: string, on = !this.classes.has(name)) => (on ? this.classes.add(name) : this.classes.delete(name)),
  };
  clientWidth = 0;
  clientHeight = 0;
  scrollTop = 0;
  checked = false;
  chosen = 0;

  constructor(readonly tag: string) {}

  setAttribute(name: string, value: string): void {
    this.attributes.set(name, value);
    if (name === "class") value.split(" ").forEach((one) => this.classes.add(one));
    if (name === "checked") this.checked = true;
    if (name === "value" && this.tag !== "progress") this.typed = value;
  }
  getAttribute(name: string): string | null {
    return this.attributes.get(name) ?? null;
  }
  getAttributeNames(): string[] {
    return [...this.attributes.keys()];
  }
  removeAttribute(name: string): void {
    this.attributes.delete(name);
  }
  toggleAttribute(name: string, on: boolean): void {
    if (on) this.setAttribute(name, "");
    else this.removeAttribute(name);
  }
  get hidden(): boolean {
    return this.attributes.has("hidden");
  }
  set hidden(on: boolean) {
    this.toggleAttribute("hidden", on);
  }

  append(...nodes: (FakeElement | string)[]): void {
    this.insert(this.children.length, nodes);
  }
  prepend(...nodes: (FakeElement | string)[]): void {
    this.insert(0, nodes);
  }
  replaceChildren(...nodes: (FakeElement | string)[]): void {
    this.children = [];
    this.append(...nodes);
  }
  insertBefore(node: FakeElement, before: FakeElement | null): void {
    node.remove();
    this.insert(before ? this.children.indexOf(before) : this.children.length, [node]);
  }
  isEqualNode(other: FakeElement): boolean {
    const shape = (node: FakeElement | string): unknown =>
      typeof node === "string" ? node : [node.tag, [...node.attributes].sort(), node.children.map(shape)];
    return JSON.stringify(shape(this)) === JSON.stringify(shape(other));
  }
  remove(): void {
    if (this.parent) this.parent.children = this.parent.children.filter((node) => node !== this);
    this.parent = null;
  }
  contains(other: FakeElement | null): boolean {
    for (let node = other; node; node = node.parent) if (node === this) return true;
    return false;
  }
  get elements(): FakeElement[] {
    return this.children.filter((node): node is FakeElement => node instanceof FakeElement);
  }
  get childNodes(): (FakeElement | string)[] {
    return this.children;
  }
  get firstElementChild(): FakeElement | undefined {
    return this.elements[0];
  }
  get parentElement(): FakeElement | null {
    return this.parent;
  }
  get textContent(): string {
    return this.children.map((node) => (typeof node === "string" ? node : node.textContent)).join("");
  }
  set textContent(text: string | null) {
    this.replaceChildren(...(text === null ? [] : [text]));
  }

  /** By the names of elements only. */
  matches(selector: string): boolean {
    return selector.split(", ").includes(this.tag);
  }
  querySelectorAll(selector: string): FakeElement[] {
    return this.elements.flatMap((node) => [...(node.matches(selector) ? [node] : []), ...node.querySelectorAll(selector)]);
  }
  querySelector(selector: string): FakeElement | undefined {
    return this.querySelectorAll(selector)[0];
  }
  /** The first element inside that has this label, class or text. */
  find(name: string): FakeElement {
    const named = (node: FakeElement) =>
      node.getAttribute("aria-label") === name || node.classes.has(name) || node.textContent === name;
    const walk = (node: FakeElement): FakeElement | undefined => {
      for (const child of node.elements) {
        const found = named(child) ? child : walk(child);
        if (found) return found;
      }
      return undefined;
    };
    const found = walk(this);
    if (!found) throw new Error(`nothing is called ${name}`);
    return found;
  }

  get options(): FakeElement[] {
    return this.elements;
  }
  get selectedIndex(): number {
    return this.chosen;
  }
  set selectedIndex(index: number) {
    this.chosen = index;
  }
  get value(): string {
    if (this.tag === "select") return this.elements[this.chosen]?.getAttribute("value") ?? "";
    if (this.tag === "progress") return this.getAttribute("value") ?? "0";
    return String(this.typed ?? "");
  }
  set value(text: string) {
    if (this.tag === "progress") this.setAttribute("value", text);
    else this.typed = text;
  }

  addEventListener(type: string, listener: Listener, { signal }: { signal?: AbortSignal } = {}): void {
    const there = this.listeners.get(type) ?? new Set();
    this.listeners.set(type, there.add((event) => !signal?.aborted && listener(event)));
  }
  /** Something happens here, and is told from here up to the page. */
  fire(type: string, details: object = {}): Fired {
    let stopped = false;
    const event: Fired = {
      ...{ ctrlKey: false, metaKey: false, shiftKey: false, altKey: false, repeat: false, code: "", ...details },
      type,
      target: this,
      defaultPrevented: false,
      preventDefault: () => (event.defaultPrevented = true),
      stopPropagation: () => (stopped = true),
    };
    for (let node: FakeElement | null = this; node && !stopped; node = node.parent) {
      for (const listener of node.listeners.get(type) ?? []) listener(event);
    }
    return event;
  }
  click(detail = 1): void {
    this.fire("click", { detail });
  }
  press(key: string, details: object = {}): Fired {
    return this.fire("keydown", { key, ...details });
  }
  focus(): void {
    page.activeElement = this;
  }

  getBoundingClientRect(): object {
    return { left: 0, top: 0 };
  }
  setPointerCapture(): void {}
  getContext(): null {
    return null;
  }

  private insert(at: number, nodes: (FakeElement | string)[]): void {
    for (const node of nodes) {
      if (typeof node === "string") continue;
      node.remove();
      node.parent = this;
    }
    this.children.splice(at, 0, ...nodes);
  }
}

class Observer {
  observe(): void {}
  disconnect(): void {}
}

class Shelf {
  private readonly items = new Map<string, string>();
  get length(): number {
    return this.items.size;
  }
  clear(): void {
    this.items.clear();
  }
  getItem(name: string): string | null {
    return this.items.get(name) ?? null;
  }
  key(index: number): string | null {
    return [...this.items.keys()][index] ?? null;
  }
  removeItem(name: string): void {
    this.items.delete(name);
  }
  setItem(name: string, value: string): void {
    this.items.set(name, value);
  }
}

export const page = {
  body: new FakeElement("body"),
  activeElement: null as FakeElement | null,
  createElement: (tag: string) => new FakeElement(tag),
  createElementNS: (_: string, tag: string) => new FakeElement(tag),
};

export const newShelf = (): Storage => new Shelf() as unknown as Storage;

export const shelf = newShelf();

Object.assign(globalThis, {
  document: page,
  window: globalThis,
  addEventListener: () => undefined,
  localStorage: shelf,
  ResizeObserver: Observer,
  MutationObserver: Observer,
  requestAnimationFrame: () => 1, // nothing is drawn
  cancelAnimationFrame: () => undefined,
});

// newer versions of node have one, which cannot be assigned
Object.defineProperty(globalThis, "navigator", { value: {}, configurable: true });

/** What the page's own types call such an element. */
export const real = (element: FakeElement): HTMLElement => element as unknown as HTMLElement;

export const fake = (element: Element): FakeElement => element as unknown as FakeElement;
