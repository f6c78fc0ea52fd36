// SPDX-License-Identifier: GPL-3.0-or-later
// What is shown as files: CSV, PNG, SVG.
import type { Curve, MapData, Numbers, Pattern } from "./api";
import type { DirectionsMap } from "./directions";
import { difference } from "./difference";
import { plain, tickText, ticks } from "./format";
import type { Palette } from "./palette";

export function save(name: string, content: Blob): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  window.setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

export const fileName = (...words: string[]): string => words.join("-").replace(/[^A-Za-z0-9_.-]+/g, "-");

const csv = (rows: string[][]): Blob =>
  new Blob([rows.map((row) => row.map(cell).join(",") + "\n").join("")], { type: "text/csv" });

// Text with a comma or a quote stands in quotes; a formula of a spreadsheet is none of ours.
const cell = (text: string): string => (/[",\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text);

const numberText = (value: number): string => (Number.isFinite(value) ? String(Number(value.toPrecision(9))) : "");

// One position a line, in the file's units, as wide as float32 is true. Of directions their length too, as it is shown.
export function mapAsCsv(map: MapData | DirectionsMap): Blob {
  const beside: [string, Float32Array][] = "wheel" in map ? [["length", map.wheel.lengths]] : map.errors === null ? [] : [[`${map.name}_errors`, map.errors]];
  const rows = [["y", "x", map.name, ...beside.map(([name]) => name)]];
  for (let i = 0; i < map.values.length; i++) {
    const row = [String(Math.floor(i / map.n_x)), String(i % map.n_x), numberText(map.values[i]!)];
    rows.push([...row, ...beside.map(([, values]) => numberText(values[i]!))]);
  }
  return csv(rows);
}

// With the curve it is compared with, and the difference from it.
export function curveAsCsv(curve: Curve, kept: Curve | null): Blob {
  const other = kept !== null ? difference(curve, kept) : null;
  const rows = [[curve.x_label, `${plain(curve.title)} ${plain(curve.y_label)}`.trim(), "error", ...(other === null ? [] : ["kept", "error of kept", "difference", "error of difference"])]];
  curve.x.forEach((x, i) => {
    const compared = other === null || kept === null ? [] : [kept.y[i]!, kept.error[i]!, other.y[i]!, other.error[i]!];
    rows.push([x, curve.y[i]!, curve.error[i]!, ...compared].map(numberText));
  });
  return csv(rows);
}

// `size` in px, where it is to be an image.
export const svgAsFile = (svg: SVGSVGElement, size: [number, number] | null = null): Blob => {
  const copy = svg.cloneNode(true) as SVGSVGElement;
  if (size !== null) for (const [i, name] of ["width", "height"].entries()) copy.setAttribute(name, String(size[i]));
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  copy.setAttribute("font-family", "DejaVu Sans, sans-serif");
  copy.setAttribute("font-size", "10");
  return new Blob([copy.outerHTML], { type: "image/svg+xml" });
};

const escape = (text: string): string => text.replace(/&/g, "&amp;").replace(/</g, "&lt;");

// A drawing as pixels, twice as fine as on the screen.
export async function svgAsPng(svg: SVGSVGElement): Promise<Blob> {
  const { width, height } = svg.viewBox.baseVal;
  const address = URL.createObjectURL(svgAsFile(svg, [width, height]));
  const image = new Image();
  try {
    image.src = address;
    await image.decode();
  } finally {
    URL.revokeObjectURL(address);
  }
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [2 * width, 2 * height];
  const context = canvas.getContext("2d")!;
  context.fillStyle = "#ffffff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  return canvasAsPng(canvas);
}

export const canvasAsPng = (canvas: HTMLCanvasElement): Promise<Blob> =>
  new Promise((resolve, reject) => canvas.toBlob((blob) => (blob !== null ? resolve(blob) : reject(new Error("the picture cannot be made"))), "image/png"));

// An image whose pixels stay pixels, with what stands below it.
function imageAsSvg(image: HTMLCanvasElement, aspect: number, below: string): Blob {
  const width = 480;
  const height = (width * aspect * image.height) / image.width;
  return new Blob(
    [
      `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width + 20} ${height + 90}" width="${width + 20}" height="${height + 90}" font-family="DejaVu Sans, sans-serif" font-size="11">`,
      `<image x="10" y="10" width="${width}" height="${height}" preserveAspectRatio="none" style="image-rendering:pixelated" href="${image.toDataURL("image/png")}"/>`,
      `<g transform="translate(20 ${height + 22})">${below}</g></svg>\n`,
    ],
    { type: "image/svg+xml" },
  );
}

// The whole map with its colour bar, or with the wheel of a map of directions.
export function mapAsSvg(image: HTMLCanvasElement, aspect: number, colours: Palette | HTMLCanvasElement, limits: [number, number], label: string): Blob {
  if (colours instanceof HTMLCanvasElement) {
    const wheel = `<image width="58" height="58" href="${colours.toDataURL("image/png")}"/><text x="68" y="32">${escape(label)}</text>`;
    return imageAsSvg(image, aspect, wheel);
  }
  const n = colours.length / 3;
  const stops = Array.from({ length: 33 }, (_, i) => {
    const k = 3 * Math.round(((n - 1) * i) / 32);
    return `<stop offset="${i / 32}" stop-color="rgb(${colours[k]},${colours[k + 1]},${colours[k + 2]})"/>`;
  }).join("");
  const marks = ticks(limits[0], limits[1], 6);
  const bar = 340;
  const texts = marks.map((value) => {
    const x = (bar * (value - limits[0])) / (limits[1] - limits[0]);
    return `<line x1="${x}" x2="${x}" y1="12" y2="16" stroke="#000"/><text x="${x}" y="28" text-anchor="middle">${tickText(value, marks)}</text>`;
  });
  const below = `<defs><linearGradient id="colours">${stops}</linearGradient></defs><rect width="${bar}" height="12" fill="url(#colours)" stroke="#555"/>${texts.join("")}`;
  return imageAsSvg(image, aspect, `${below}<text x="${bar + 12}" y="10">${escape(label)}</text>`);
}

// A pattern as it is coloured, with what it is.
export const patternAsSvg = (image: HTMLCanvasElement, caption: string): Blob => imageAsSvg(image, 1, `<text y="10">${escape(caption)}</text>`);

// One row of pixels a line.
export function patternAsCsv(pattern: Pattern): Blob {
  const rows: string[][] = [];
  for (let y = 0; y < pattern.det_y; y++) rows.push(Array.from(pattern.values.subarray(y * pattern.det_x, (y + 1) * pattern.det_x), numberText));
  return csv(rows);
}

// Every number of a place, and of the one it is compared with.
export function numbersAsCsv(places: Numbers[]): Blob {
  const rows = [["group", "name", "unit", "place", "value", "error", "spread", "positions"]];
  const words = (found: Numbers): string => (found.n === undefined ? `y ${found.y ?? ""} x ${found.x ?? ""}` : `region of ${found.n}`);
  for (const found of places)
    for (const n of found.numbers) {
      const values = [n.value, n.error, n.spread].map((value) => (value === null || value === undefined ? "" : numberText(value)));
      rows.push([n.group, n.name, plain(n.unit), words(found), ...values, n.n === undefined ? "1" : String(n.n)]);
    }
  return csv(rows);
}
