// Pictures, as they come in messages.

export function jpeg(buffer: DataView | undefined): Blob {
  return new Blob([buffer as DataView<ArrayBuffer>], { type: "image/jpeg" });
}
