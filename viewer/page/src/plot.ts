// SPDX-License-Identifier: GPL-3.0-or-later
// A curve with its error band as SVG, so that it can be saved as it is.
import type { Curve } from "./api";
import { difference } from "./difference";
import { tickText, ticks } from "./format";

const namespace = "http://www.w3.org/2000/svg";

function add(parent: Element, tag: string, attributes: Record<string, string | number>, text?: string): Element {
  const element = document.createElementNS(namespace, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  if (text !== undefined) element.textContent = text;
  return parent.appendChild(element);
}

function rangeOf(values: Iterable<number>): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return high > low ? [low, high] : [low - 1, low + 1];
}

const colours = { shown: "#1f5fa8", kept: "#b4531a", difference: "#5b6670" };

// `kept` is another curve of the same kind to compare with; their difference is drawn too where it can stand beside them.
export function plot(curve: Curve, kept: Curve | null, width: number, height: number): SVGSVGElement {
  const svg = document.createElementNS(namespace, "svg");
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", `${curve.title}, ${curve.y_label} against ${curve.x_label}`);
  const box = { left: 44, right: width - 8, top: 16, bottom: height - 30 };
  const all = kept === null ? [curve] : [kept, curve];
  // patterns fall by powers of ten from the direct beam to the edge
  const isLog = curve.title === "I(k)";
  const between = kept === null || isLog ? null : difference(curve, kept);
  if (between !== null) all.unshift(between);
  const xs = rangeOf(all.flatMap((c) => [...c.x]));
  const ys = rangeOf(all.flatMap((c) => [...c.y].map((y) => (isLog ? Math.log10(y) : y))));
  const margin = 0.05 * (ys[1] - ys[0]);
  ys[0] -= margin;
  ys[1] += margin;
  const px = (x: number): number => box.left + ((box.right - box.left) * (x - xs[0])) / (xs[1] - xs[0]);
  const heightOf = (t: number): number => box.bottom - ((box.bottom - box.top) * (t - ys[0])) / (ys[1] - ys[0]);
  const py = isLog ? (y: number): number => heightOf(y > 0 ? Math.log10(y) : ys[0] - 1) : heightOf;

  const xTicks = ticks(xs[0], xs[1], Math.max(2, width / 60));
  for (const x of xTicks) {
    add(svg, "line", { x1: px(x), x2: px(x), y1: box.bottom, y2: box.bottom + 4, stroke: "#5b6670" });
    add(svg, "text", { x: px(x), y: box.bottom + 14, "text-anchor": "middle", fill: "#1d2329" }, tickText(x, xTicks));
  }
  const yTicks = ticks(ys[0], ys[1], Math.max(2, height / 45)).filter((y) => !isLog || Number.isInteger(y));
  for (const y of yTicks) {
    add(svg, "line", { x1: box.left - 4, x2: box.left, y1: heightOf(y), y2: heightOf(y), stroke: "#5b6670" });
    const text = isLog ? String(Number(Math.pow(10, y).toPrecision(1))) : tickText(y, yTicks);
    add(svg, "text", { x: box.left - 6, y: heightOf(y) + 3, "text-anchor": "end", fill: "#1d2329" }, text);
  }
  if (!isLog && ys[0] < 0 && ys[1] > 0) add(svg, "line", { x1: box.left, x2: box.right, y1: py(0), y2: py(0), stroke: "#d4d9de" });
  for (const one of all) {
    const colour = one === curve ? colours.shown : one === between ? colours.difference : colours.kept;
    drawBand(svg, one, colour, px, (y) => Math.min(Math.max(py(y), box.top), box.bottom));
    drawLine(svg, one, colour, px, (y) => Math.min(py(y), box.bottom), one === between);
  }
  add(svg, "rect", { x: box.left, y: box.top, width: box.right - box.left, height: box.bottom - box.top, fill: "none", stroke: "#5b6670" });
  add(svg, "text", { x: (box.left + box.right) / 2, y: height - 4, "text-anchor": "middle", fill: "#1d2329" }, curve.x_label);
  add(svg, "text", { x: box.left, y: 11, fill: "#1d2329" }, [curve.title, curve.y_label].filter((text) => text !== "").join(", ").replace(", (", " ("));
  return svg;
}

// NaN interrupts the line.
function drawLine(svg: Element, curve: Curve, colour: string, px: (x: number) => number, py: (y: number) => number, isDashed: boolean): void {
  let path = "";
  let pen = "M";
  for (let i = 0; i < curve.x.length; i++) {
    if (Number.isFinite(curve.y[i]!)) {
      path += `${pen}${px(curve.x[i]!).toFixed(2)},${py(curve.y[i]!).toFixed(2)}`;
      pen = "L";
    } else {
      pen = "M";
    }
  }
  if (path !== "") add(svg, "path", { d: path, fill: "none", stroke: colour, "stroke-width": 1.4, ...(isDashed ? { "stroke-dasharray": "4 2" } : {}) });
}

// One standard deviation to either side.
function drawBand(svg: Element, curve: Curve, colour: string, px: (x: number) => number, py: (y: number) => number): void {
  let run: number[] = [];
  const close = (): void => {
    const point = (i: number, sign: number): string =>
      `${px(curve.x[i]!).toFixed(2)},${py(curve.y[i]! + sign * curve.error[i]!).toFixed(2)}`;
    if (run.length > 1) {
      const points = [...run.map((i) => point(i, 1)), ...run.reverse().map((i) => point(i, -1))];
      add(svg, "polygon", { points: points.join(" "), fill: colour, "fill-opacity": 0.25 });
    }
    run = [];
  };
  for (let i = 0; i < curve.x.length; i++) {
    if (Number.isFinite(curve.y[i]!) && Number.isFinite(curve.error[i]!)) run.push(i);
    else close();
  }
  close();
}
