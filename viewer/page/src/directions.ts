// SPDX-License-Identifier: GPL-3.0-or-later
// Vectors and directors as colours: the hue is the direction, the brightness the length; with the wheel that tells them.
import { getMap, type MapData, type Summary, type Trial } from "./api";
import { colourBarHeight } from "./colour_bar";
import { noData, type Palette } from "./palette";

// 1: vectors; 2: directors, which equal their opposites.
export type Fold = 1 | 2;

export interface Directions {
  name: string; // "group/directions:x,y"
  group: string;
  title: string;
  parts: [string, string]; // components; of directors angle and length
  fold: Fold;
}

const marker = "directions:";

// Every pair of components, and the direction of e1 with the deviatoric strain as its length.
export function findDirections(summary: Summary): Directions[] {
  const found: Directions[] = [];
  const has = (group: string, name: string): boolean => summary.maps.some((m) => m.group === group && m.name === name);
  const add = (group: string, title: string, parts: [string, string], fold: Fold): void => {
    found.push({ name: `${group}/${marker}${parts.join(",")}`, group, title, parts, fold });
  };
  if (has("strain", "angle") && has("strain", "deviatoric")) add("strain", "e1, wheel", ["angle", "deviatoric"], 2);
  for (const { group, name } of summary.maps) {
    const other = name.replace(/x$/, "y");
    if (name.endsWith("x") && !name.endsWith("xx") && has(group, other)) add(group, `${name.replace(/_?x$/, "")}, wheel`, [name, other], 1);
  }
  return found;
}

// What a map of directions has beside its angles, which are its values (degrees).
export interface Wheel {
  lengths: Float32Array; // as shown
  fold: Fold;
  unit: string;
  symbol: string;
}

export type DirectionsMap = MapData & { wheel: Wheel };

export async function getDirections(d: Directions, trial: Trial): Promise<DirectionsMap> {
  const [a, b] = await Promise.all(d.parts.map((part) => getMap(d.group, part, trial))) as [MapData, MapData];
  const values = new Float32Array(a.values.length);
  const lengths = new Float32Array(a.values.length);
  for (let i = 0; i < values.length; i++) {
    const [u, v] = [a.values[i]!, b.values[i]!];
    values[i] = d.fold === 2 ? u : (Math.atan2(v, u) * 180) / Math.PI;
    lengths[i] = d.fold === 2 ? b.factor * v : a.factor * Math.hypot(u, v);
  }
  const symbol = d.fold === 2 ? b.symbol : a.symbol.replace(/<sub>x<\/sub>/, "").replace(/ along <i>x<\/i>/, "");
  const description = { ...a, name: d.name.slice(d.group.length + 1).replace(/[:,]/g, "-"), unit: "°", factor: 1, signed: false };
  return { ...description, has_errors: false, errors: null, values, wheel: { lengths, fold: d.fold, unit: b.unit, symbol } };
}

const toLinear = (byte: number): number => Math.pow(byte / 255, 2.2);
const toByte = (linear: number): number => Math.round(255 * Math.pow(linear, 1 / 2.2));

// The cyclic palette is the rim. Towards the middle the lightness of OKLab falls, which is the cube root of light.
function colour(out: Uint8ClampedArray, at: number, hue: number, amplitude: number, cyclic: Palette): void {
  const n = cyclic.length / 3 - 1;
  const k = 3 * Math.round(n * (hue - Math.floor(hue)));
  const light = Math.pow(Math.min(Math.max(amplitude, 0), 1), 3);
  for (let c = 0; c < 3; c++) out[at + c] = toByte(toLinear(cyclic[k + c]!) * light);
  out[at + 3] = 255;
}

export function colouriseDirections(out: Uint8ClampedArray, map: DirectionsMap, longest: number, cyclic: Palette): void {
  const { lengths, fold } = map.wheel;
  for (let i = 0; i < map.values.length; i++) {
    const [angle, length] = [map.values[i]!, lengths[i]!];
    if (Number.isFinite(angle) && Number.isFinite(length)) colour(out, 4 * i, (fold * angle) / 360, length / longest, cyclic);
    else out.set([...noData, 255], 4 * i);
  }
}

// The wheel as an image of its own: angles as on the map, +x to the right, +y down.
export function wheelImage(fold: Fold, cyclic: Palette, size: number): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = size;
  const pixels = new ImageData(size, size);
  const middle = (size - 1) / 2;
  for (let i = 0; i < size * size; i++) {
    const [y, x] = [Math.floor(i / size) - middle, (i % size) - middle];
    const r = Math.hypot(x, y) / (size / 2);
    if (r <= 1) colour(pixels.data, 4 * i, (fold * Math.atan2(y, x)) / (2 * Math.PI), r, cyclic);
  }
  canvas.getContext("2d")!.putImageData(pixels, 0, 0);
  return canvas;
}

// The wheel below a map, and what its hues and its rim are.
export function drawWheel(context: CanvasRenderingContext2D, wheel: HTMLCanvasElement, width: number, height: number, label: string): void {
  const size = colourBarHeight - 2;
  context.imageSmoothingEnabled = true;
  context.drawImage(wheel, 12, height - size - 1, size, size);
  context.font = "11px 'DejaVu Sans', sans-serif";
  context.fillStyle = "#1d2329";
  context.textAlign = "left";
  context.textBaseline = "middle";
  context.fillText(label, size + 22, height - colourBarHeight / 2, width - size - 34);
}
