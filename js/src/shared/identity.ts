// Names for statements, gestures and messages. Not crypto.randomUUID: pages served over plain HTTP do not have it.
export function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
