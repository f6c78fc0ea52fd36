// SPDX-License-Identifier: GPL-3.0-or-later
// What is shown as files: CSV, PNG, SVG.
import type { Curve, MapData } from "./api";
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

// One position a line, in the file's units, as wide as float32 is true.
export function mapAsCsv(map: MapData): Blob {
  const rows = [["y", "x", map.name, ...(map.errors === null ? [] : [`${map.name}_errors`])]];
  const text = (value: number): string => (Number.isFinite(value) ? String(Number(value.toPrecision(9))) : "");
  for (let i = 0; i < map.values.length; i++) {
    const row = [String(Math.floor(i / map.n_x)), String(i % map.n_x), text(map.values[i]!)];
    if (map.errors !== null) row.push(text(map.errors[i]!));
    rows.push(row);
  }
  return csv(rows);
}

export function curveAsCsv(curve: Curve): Blob {
  const rows = [[curve.x_label, `${plain(curve.title)} ${plain(curve.y_label)}`.trim(), "error"]];
  const text = (value: number): string => (Number.isFinite(value) ? String(Number(value.toPrecision(9))) : "");
  curve.x.forEach((x, i) => rows.push([text(x), text(curve.y[i]!), text(curve.error[i]!)]));
  return csv(rows);
}

export const svgAsFile = (svg: SVGSVGElement): Blob => {
  const copy = svg.cloneNode(true) as SVGSVGElement;
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  copy.setAttribute("font-family", "DejaVu Sans, sans-serif");
  copy.setAttribute("font-size", "10");
  return new Blob([copy.outerHTML], { type: "image/svg+xml" });
};

const escape = (text: string): string => text.replace(/&/g, "&amp;").replace(/</g, "&lt;");

// The whole map, its pixels as an image within the drawing, with colour bar and label as text.
export function mapAsSvg(image: HTMLCanvasElement, aspect: number, colours: Palette, limits: [number, number], label: string): Blob {
  const width = 480;
  const height = (width * aspect * image.height) / image.width;
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
  return new Blob(
    [
      `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width + 20} ${height + 60}" width="${width + 20}" height="${height + 60}" font-family="DejaVu Sans, sans-serif" font-size="11">`,
      `<defs><linearGradient id="colours">${stops}</linearGradient></defs>`,
      `<image x="10" y="10" width="${width}" height="${height}" preserveAspectRatio="none" style="image-rendering:pixelated" href="${image.toDataURL("image/png")}"/>`,
      `<g transform="translate(20 ${height + 22})"><rect width="${bar}" height="12" fill="url(#colours)" stroke="#555"/>${texts.join("")}`,
      `<text x="${bar + 12}" y="10">${escape(label)}</text></g></svg>\n`,
    ],
    { type: "image/svg+xml" },
  );
}
