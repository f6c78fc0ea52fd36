// SPDX-License-Identifier: GPL-3.0-or-later
// A colour bar with ticks and label, drawn along the lower edge of a canvas.
import { tickText, ticks } from "./format";
import type { Palette } from "./palette";

export const colourBarHeight = 40;

export function drawColourBar(
  context: CanvasRenderingContext2D,
  width: number,
  height: number,
  colours: Palette,
  limits: [number, number],
  label: string,
): void {
  const left = 12;
  const top = height - colourBarHeight + 6;
  context.font = "11px 'DejaVu Sans', sans-serif";
  const room = Math.min(context.measureText(label).width + 14, 0.5 * width);
  const bar = width - 2 * left - room;
  if (bar < 40) return;
  const n = colours.length / 3;
  for (let i = 0; i < bar; i++) {
    const k = 3 * Math.round(((n - 1) * i) / (bar - 1));
    context.fillStyle = `rgb(${colours[k]},${colours[k + 1]},${colours[k + 2]})`;
    context.fillRect(left + i, top, 1.5, 11);
  }
  context.strokeStyle = "#5b6670";
  context.strokeRect(left - 0.5, top - 0.5, bar + 1, 12);
  context.fillStyle = "#1d2329";
  context.textAlign = "left";
  context.textBaseline = "middle";
  context.fillText(label, left + bar + 12, top + 6, room);
  context.textAlign = "center";
  context.textBaseline = "top";
  const few = ticks(limits[0], limits[1], Math.max(2, bar / 70));
  const marks = few.length > 1 ? few : ticks(limits[0], limits[1], 4);
  for (const value of marks) {
    const x = left + (bar * (value - limits[0])) / (limits[1] - limits[0]);
    context.beginPath();
    context.moveTo(x, top + 11);
    context.lineTo(x, top + 15);
    context.stroke();
    context.fillText(tickText(value, marks), x, top + 17);
  }
}
