// SPDX-License-Identifier: GPL-3.0-or-later
// What is drawn on a map: reference region, axis, line, regions; done, and while they are being drawn.
import type { Line } from "./api";
import type { App, Tool } from "./app";
import type { Place } from "./viewport";

type Point = [number, number]; // y, x in positions, whole numbers at the corners

function stroke(context: CanvasRenderingContext2D, dashes: number[], colour: string): void {
  context.setLineDash([]);
  context.strokeStyle = "#ffffff";
  context.lineWidth = 3;
  context.stroke();
  context.setLineDash(dashes);
  context.strokeStyle = colour;
  context.lineWidth = 1.5;
  context.stroke();
  context.setLineDash([]);
}

function rectangle(context: CanvasRenderingContext2D, place: Place, box: [number, number, number, number]): void {
  context.beginPath();
  context.rect(place.left + place.x * box[2], place.top + place.y * box[0], place.x * (box[3] - box[2]), place.y * (box[1] - box[0]));
}

// A line runs from middle to middle of positions; its width stands beside it.
function traceLine(context: CanvasRenderingContext2D, place: Place, line: Line): void {
  const at = (y: number, x: number): Point => [place.top + place.y * (y + 0.5), place.left + place.x * (x + 0.5)];
  const [y0, x0] = at(line[0], line[1]);
  const [y1, x1] = at(line[2], line[3]);
  context.beginPath();
  context.moveTo(x0, y0);
  context.lineTo(x1, y1);
  const length = Math.hypot(x1 - x0, y1 - y0);
  const half = (0.5 * line[4] * Math.min(place.x, place.y)) / (length || 1);
  const [ny, nx] = [(x1 - x0) * half, -(y1 - y0) * half];
  context.moveTo(x0 + nx, y0 + ny);
  context.lineTo(x1 + nx, y1 + ny);
  context.lineTo(x1 - nx, y1 - ny);
  context.lineTo(x0 - nx, y0 - ny);
  context.closePath();
}

// Of the words of a region those that can be drawn: rectangle, ellipse, polygon.
function traceRegion(context: CanvasRenderingContext2D, place: Place, text: string): boolean {
  const px = (x: number): number => place.left + place.x * (x + 0.5);
  const py = (y: number): number => place.top + place.y * (y + 0.5);
  const box = /^(\d+):(\d+),(\d+):(\d+)$/.exec(text);
  if (box !== null) {
    rectangle(context, place, box.slice(1).map(Number) as [number, number, number, number]);
    return true;
  }
  const numbers = text.slice(text.indexOf(":") + 1).split(/[,;]/).map(Number);
  if (text.startsWith("ellipse:")) {
    const [y, x, ry, rx, angle = 0] = numbers as [number, number, number, number, number?];
    context.beginPath();
    context.ellipse(px(x), py(y), rx * place.x, ry * place.y, (angle * Math.PI) / 180, 0, 2 * Math.PI);
    return true;
  }
  if (!text.startsWith("polygon:")) return false;
  context.beginPath();
  for (let i = 0; i + 1 < numbers.length; i += 2) context.lineTo(px(numbers[i + 1]!), py(numbers[i]!));
  context.closePath();
  return true;
}

// Where the axis of the strain's frame can be taken hold of: an arrow through the middle of the map's area.
export interface AxisHandle {
  middle: [number, number]; // x, y on the canvas
  tip: [number, number];
}

export function axisHandle(app: App, width: number, area: number): AxisHandle {
  const reach = 0.36 * Math.min(width, area);
  const angle = (app.axis * Math.PI) / 180;
  return { middle: [width / 2, area / 2], tip: [width / 2 + reach * Math.cos(angle), area / 2 + reach * Math.sin(angle)] };
}

export function drawAxis(context: CanvasRenderingContext2D, app: App, width: number, area: number): void {
  const { middle, tip } = axisHandle(app, width, area);
  const [dx, dy] = [tip[0] - middle[0], tip[1] - middle[1]];
  context.beginPath();
  context.moveTo(middle[0] - dx, middle[1] - dy);
  context.lineTo(...tip);
  const reach = Math.hypot(dx, dy);
  context.moveTo(middle[0] + 0.4 * reach, middle[1]);
  context.arc(...middle, 0.4 * reach, 0, (app.axis * Math.PI) / 180, app.axis < 0);
  stroke(context, [], "#000000");
  context.beginPath();
  context.arc(...tip, 7, 0, 2 * Math.PI);
  context.fillStyle = "#ffd400";
  context.fill();
  stroke(context, [], "#000000");
  const text = `x at ${Number(app.axis.toFixed(1))}°`;
  context.font = "bold 12px 'DejaVu Sans', sans-serif";
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.lineWidth = 4;
  context.strokeStyle = "#ffffff";
  context.strokeText(text, middle[0] - 0.5 * dy * 0.35, middle[1] + 0.5 * dx * 0.35 + 14);
  context.fillStyle = "#000000";
  context.fillText(text, middle[0] - 0.5 * dy * 0.35, middle[1] + 0.5 * dx * 0.35 + 14);
}

export function drawOverlay(context: CanvasRenderingContext2D, place: Place, app: App, group: string): void {
  const reference = app.trial.reference ?? app.summary.reference ?? null;
  if (reference !== null && group === "strain") {
    rectangle(context, place, reference);
    stroke(context, [5, 3], app.trial.reference === null ? "#000000" : "#a3341f");
  }
  if (app.line !== null) {
    traceLine(context, place, app.line);
    stroke(context, [], "#000000");
  }
  if (typeof app.kept === "string" && traceRegion(context, place, app.kept)) stroke(context, [2, 2], "#b4531a");
  if (app.region !== null && traceRegion(context, place, app.region)) stroke(context, [2, 2], "#1f5fa8");
}

// Rows and columns between two points, at least one of each.
function boxBetween(a: Point, b: Point): [number, number, number, number] {
  const ends = (i: 0 | 1): [number, number] => {
    const low = Math.max(0, Math.floor(Math.min(a[i], b[i])));
    return [low, Math.max(low + 1, Math.ceil(Math.max(a[i], b[i])))];
  };
  return [...ends(0), ...ends(1)];
}

const ellipseOf = ([y0, y1, x0, x1]: [number, number, number, number]): string =>
  `ellipse:${[(y0 + y1 - 1) / 2, (x0 + x1 - 1) / 2, (y1 - y0) / 2, (x1 - x0) / 2].join(",")}`;

interface Drawn {
  draw(context: CanvasRenderingContext2D, place: Place): void;
  finish(app: App): void;
}

// What a drag from one point to another makes with a tool.
export function shapeOf(tool: Tool, from: Point, to: Point, isRound: boolean): Drawn {
  const box = boxBetween(from, to);
  const line: Line = [from[0] - 0.5, from[1] - 0.5, to[0] - 0.5, to[1] - 0.5, 3];
  return {
    draw(context, place) {
      if (tool === "line") traceLine(context, place, line);
      else if (tool === "region" && isRound) traceRegion(context, place, ellipseOf(box));
      else rectangle(context, place, box);
      stroke(context, [5, 3], "#a3341f");
    },
    finish(app) {
      const [n_y, n_x] = app.summary.scan;
      const inside: typeof box = [box[0], Math.min(box[1], n_y), box[2], Math.min(box[3], n_x)];
      if (inside[0] >= n_y || inside[2] >= n_x) return;
      const text = `${inside[0]}:${inside[1]},${inside[2]}:${inside[3]}`;
      if (tool === "reference") app.setTrial({ reference: inside });
      else if (tool === "line" && Math.hypot(to[0] - from[0], to[1] - from[1]) >= 1) app.setLine(line);
      else if (tool === "region") app.setRegion(isRound ? ellipseOf(inside) : text);
    },
  };
}
