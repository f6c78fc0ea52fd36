// SPDX-License-Identifier: GPL-3.0-or-later
// The diffraction pattern of the position, with mask and fitted ring.
import { getMask, getPattern, type Ellipse, type Pattern, type Position } from "./api";
import type { App } from "./app";
import { complain, fit, make, newestOnly, select, toggle } from "./dom";
import { counts, roundBelow } from "./format";
import { colourise, palette, paletteNames } from "./palette";

type Scaling = "linear" | "log" | "gamma";

// A number from 0 to 1 for every value of a pattern between its ends.
function scaleOf(scaling: Scaling, low: number, high: number): (value: number) => number {
  const span = high > low ? high - low : 1;
  if (scaling === "linear") return (value) => (value - low) / span;
  if (scaling === "gamma") return (value) => Math.sqrt(Math.max(0, (value - low) / span));
  // from one count, or a ten-thousandth of the highest, upwards
  const floor = high > 100 ? 1 : 1e-4 * (high || 1);
  const ends = [Math.log(Math.max(low, floor)), Math.log(Math.max(high, 2 * floor))] as const;
  return (value) => (Number.isNaN(value) ? NaN : (Math.log(Math.max(value, floor)) - ends[0]) / (ends[1] - ends[0]));
}

export class PatternView {
  readonly element: HTMLElement;
  private readonly canvas: HTMLCanvasElement;
  private readonly image = document.createElement("canvas");
  private readonly caption = make("p", { class: "caption" });
  private pattern: Pattern | null = null;
  private mask: Uint8Array | null = null;
  private scaling: Scaling = "log";
  private paletteName = "magma";
  private showsMask = true;
  private showsRing = true;
  private readonly load: (position: Position | null) => void;

  constructor(private readonly app: App) {
    this.canvas = make("canvas", { role: "img", "aria-label": "Diffraction pattern" });
    const choices: Scaling[] = ["log", "gamma", "linear"];
    const tools = make(
      "div",
      { class: "tools" },
      select("Scaling of the counts", choices, "log", (value) => {
        this.scaling = value as Scaling;
        this.paint();
      }),
      select("Palette of the pattern", paletteNames().filter((name) => name !== "auto" && name !== "cyclic"), "magma", (value) => {
        this.paletteName = value;
        this.paint();
      }),
      toggle("Ring", "Show the fitted ring", true, (on) => {
        this.showsRing = on;
        this.draw();
      }),
      toggle("Mask", "Show the pixels that are not used", true, (on) => {
        this.showsMask = on;
        this.paint();
      }),
    );
    this.element = make("section", { class: "panel", id: "pattern", "aria-label": "Diffraction pattern" }, tools, make("div", { class: "stage" }, this.canvas), this.caption);
    this.load = newestOnly((position: Position | null) => this.read(position));
    new ResizeObserver(() => this.draw()).observe(this.canvas);
    app.whenPositionChanges((position) => this.load(position));
    getMask().then((mask) => {
      this.mask = mask;
      this.paint();
    }, complain);
    this.load(null);
  }

  private async read(position: Position | null): Promise<void> {
    // without the recording the mean pattern stays
    if (this.app.summary.recording === null && this.pattern !== null) return;
    if (this.app.summary.recording === null) position = null;
    if (position === null && this.app.summary.map_file === null) return;
    this.pattern = await getPattern(position);
    this.caption.textContent =
      position === null ? "mean of all patterns" : `${counts(this.pattern.sum)} counts, highest ${counts(this.pattern.maximum)}`;
    this.paint();
  }

  private paint(): void {
    const p = this.pattern;
    if (p === null) return;
    this.image.width = p.det_x;
    this.image.height = p.det_y;
    const pixels = new ImageData(p.det_x, p.det_y);
    colourise(pixels.data, p.values, palette(this.paletteName, "magma"), scaleOf(this.scaling, p.minimum ?? 0, p.maximum ?? 1));
    if (this.showsMask && this.mask !== null && this.mask.length === p.values.length) {
      for (let i = 0; i < this.mask.length; i++) {
        if (this.mask[i] !== 0) continue;
        pixels.data[4 * i] = 0.5 * pixels.data[4 * i]! + 20;
        pixels.data[4 * i + 1] = 0.5 * pixels.data[4 * i + 1]! + 80;
        pixels.data[4 * i + 2] = 0.5 * pixels.data[4 * i + 2]! + 90;
      }
    }
    this.image.getContext("2d")!.putImageData(pixels, 0, 0);
    this.draw();
  }

  private draw(): void {
    const { context, width, height } = fit(this.canvas);
    context.fillStyle = "#ffffff";
    context.fillRect(0, 0, width, height);
    const p = this.pattern;
    if (p === null) return;
    const scale = Math.min(width / p.det_x, height / p.det_y);
    const left = (width - scale * p.det_x) / 2;
    const top = (height - scale * p.det_y) / 2;
    context.imageSmoothingEnabled = scale < 1;
    context.drawImage(this.image, left, top, scale * p.det_x, scale * p.det_y);
    context.save();
    // pixel (x, y) has its centre at exactly (x, y)
    context.translate(left + 0.5 * scale, top + 0.5 * scale);
    context.scale(scale, scale);
    const ring = p.ellipse ?? this.meanRing();
    if (this.showsRing && ring !== null) this.drawRing(context, ring, 1 / scale);
    context.restore();
    this.drawScaleBar(context, left, top + scale * p.det_y, scale);
  }

  // Of the mean pattern: the calibrated one.
  private meanRing(): Ellipse | null {
    const c = this.app.summary.calibration;
    if (c === null || this.pattern === null || this.pattern.ellipse !== undefined) return null;
    return { centre_px: c.centre_px, wxx: c.w[0], wyy: c.w[1], wxy: c.w[2], radius_px: c.radius_px };
  }

  // |W (x - c)| = radius: x = c + radius W^-1 (cos, sin).
  private drawRing(context: CanvasRenderingContext2D, ring: Ellipse, px: number): void {
    const det = ring.wxx * ring.wyy - ring.wxy * ring.wxy;
    const [cx, cy] = ring.centre_px;
    context.beginPath();
    for (let i = 0; i <= 180; i++) {
      const [c, s] = [ring.radius_px * Math.cos((i * Math.PI) / 90), ring.radius_px * Math.sin((i * Math.PI) / 90)];
      context.lineTo(cx + (ring.wyy * c - ring.wxy * s) / det, cy + (ring.wxx * s - ring.wxy * c) / det);
    }
    context.moveTo(cx - 4 * px, cy);
    context.lineTo(cx + 4 * px, cy);
    context.moveTo(cx, cy - 4 * px);
    context.lineTo(cx, cy + 4 * px);
    context.strokeStyle = "rgba(0,0,0,0.6)";
    context.lineWidth = 3 * px;
    context.stroke();
    context.strokeStyle = "#7ee0ff";
    context.lineWidth = 1.3 * px;
    context.stroke();
  }

  private drawScaleBar(context: CanvasRenderingContext2D, left: number, bottom: number, scale: number): void {
    const step = this.app.summary.calibration?.k_step_inv_angstrom ?? this.app.summary.k_step_inv_angstrom?.[1] ?? null;
    if (step === null) return;
    const bar = roundBelow((70 / scale) * step);
    const width = (bar / step) * scale;
    context.fillStyle = "#ffffff";
    context.fillRect(left + 10, bottom - 12, width, 4);
    context.font = "11px 'DejaVu Sans', sans-serif";
    context.textAlign = "left";
    context.textBaseline = "alphabetic";
    context.lineWidth = 3;
    context.strokeStyle = "rgba(0,0,0,0.7)";
    context.strokeText(`${bar} 1/Å (k = 1/d)`, left + 10, bottom - 17);
    context.fillText(`${bar} 1/Å (k = 1/d)`, left + 10, bottom - 17);
  }
}
