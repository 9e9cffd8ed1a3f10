// What is drawn over the pictures of a wall: signs, texts, and a shade over what is rejected.
import type { Box } from "../box";

const BADGE_PIXELS = 18;

export function shade(context: CanvasRenderingContext2D, { x, y, width, height }: Box): void {
  context.fillStyle = "rgb(0 0 0 / 62%)";
  context.fillRect(x, y, width, height);
}

/** A text at the lower edge of a tile, readable on any picture. */
export function caption(context: CanvasRenderingContext2D, { x, y, width, height }: Box, text: string): void {
  context.font = "600 11px system-ui, sans-serif";
  context.textAlign = "left";
  context.textBaseline = "bottom";
  context.lineWidth = 3;
  context.strokeStyle = "rgb(0 0 0 / 80%)";
  context.fillStyle = "#fff";
  context.strokeText(text, x + 4, y + height - 6, width - 8);
  context.fillText(text, x + 4, y + height - 6, width - 8);
}

/** A sign in the upper right corner of a tile. */
export function badge(context: CanvasRenderingContext2D, tile: Box, sign: string, color: string, ink: string): void {
  const x = tile.x + tile.width - BADGE_PIXELS;
  context.fillStyle = color;
  context.fillRect(x, tile.y, BADGE_PIXELS, BADGE_PIXELS);
  context.fillStyle = ink;
  context.font = "700 12px system-ui, sans-serif";
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillText(sign, x + BADGE_PIXELS / 2, tile.y + BADGE_PIXELS / 2);
}

/** A cross over a whole tile, to be seen on any picture. */
export function cross(context: CanvasRenderingContext2D, { x, y, width, height }: Box, color: string): void {
  context.lineCap = "round";
  for (const [stroke, line] of [
    ["rgb(255 255 255 / 80%)", 6],
    [color, 3],
  ] as const) {
    context.strokeStyle = stroke;
    context.lineWidth = line;
    context.beginPath();
    context.moveTo(x + 6, y + 6);
    context.lineTo(x + width - 6, y + height - 6);
    context.moveTo(x + width - 6, y + 6);
    context.lineTo(x + 6, y + height - 6);
    context.stroke();
  }
}
