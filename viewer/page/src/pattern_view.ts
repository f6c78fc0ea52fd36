// SPDX-License-Identifier: GPL-3.0-or-later
// The diffraction pattern of the position, with mask and fitted ring.
import { getMask, getPattern, type Ellipse, type Pattern, type Place } from "./api";
import type { App } from "./app";
import { cornerChanged, detectorText, dragged, handleAt, moved, readDetector, trace, type Detector, type Handle, type Shape } from "./detector_tool";
import { button, complain, fit, make, newestOnly, select, toggle } from "./dom";
import { counts, roundBelow } from "./format";
import { colourise, palette, paletteNames } from "./palette";
import { PolygonDrawing } from "./polygon";
import { canvasAsPng, patternAsCsv, patternAsSvg, save } from "./save";

type Scaling = "linear" | "log" | "gamma";

// A number from 0 to 1 for every value of a pattern between its ends.
function scaleOf(scaling: Scaling, low: number, high: number, lowestPositive: number): (value: number) => number {
  const span = high > low ? high - low : 1;
  if (scaling === "linear") return (value) => (value - low) / span;
  if (scaling === "gamma") return (value) => Math.sqrt(Math.max(0, (value - low) / span));
  // six powers of ten at most, from the lowest counts upwards
  const floor = Math.max(lowestPositive, 1e-6 * high);
  const ends = [Math.log(floor), Math.log(Math.max(high, 1.01 * floor))] as const;
  return (value) => (Number.isNaN(value) ? NaN : (Math.log(Math.max(value, floor)) - ends[0]) / (ends[1] - ends[0]));
}

const lowestPositive = (values: Float32Array): number =>
  values.reduce((lowest, value) => (value > 0 && value < lowest ? value : lowest), Infinity);

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
  private detector: Detector;
  private readonly field = make("input", { class: "wide", spellcheck: "false", "aria-label": "Virtual detector in words", title: "Virtual detector in words" });
  private readonly shape: HTMLSelectElement;
  private readonly drawing: HTMLButtonElement;
  private readonly polygon = new PolygonDrawing();
  private grip: { handle: Handle; y: number; x: number } | null = null;
  private readonly load: (place: Place) => void;

  constructor(private readonly app: App) {
    this.canvas = make("canvas", { tabindex: "0", role: "application", "aria-label": "Diffraction pattern; arrow keys move the virtual detector, + and - change its size" });
    this.detector = this.firstDetector();
    this.shape = select("Virtual detector", ["none", "disc", "annulus", "sector", "polygon"], "none", (shape) => this.take({ ...this.detector, shape: shape as Shape }));
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
    this.drawing = toggle("Draw", "Draw the polygon: click its corners on the pattern, double click or Enter closes it", false, (on) => this.drawPolygon(on));
    this.drawing.hidden = true;
    const detectorTools = make("div", { class: "tools detector" }, this.shape, this.drawing, this.field);
    const name = (): string => (this.pattern?.averaged !== undefined || this.app.position === null ? "pattern" : `pattern-${this.app.position.join("-")}`);
    const files = make(
      "div",
      { class: "over" },
      button("CSV", "Save the counts of this pattern", () => this.pattern !== null && save(name() + ".csv", patternAsCsv(this.pattern))),
      button("PNG", "Save the pattern as it is shown", () => void canvasAsPng(this.canvas).then((png) => save(name() + ".png", png), complain)),
      button("SVG", "Save the pattern as a drawing", () => save(name() + ".svg", patternAsSvg(this.image, this.caption.textContent ?? ""))),
    );
    this.shape.options[0]!.text = "no detector";
    this.element = make("section", { class: "panel", id: "pattern", "aria-label": "Diffraction pattern" }, tools, make("div", { class: "stage" }, this.canvas, files), this.caption);
    if (app.summary.recording !== null) this.element.append(detectorTools);
    this.load = newestOnly((place: Place) => this.read(place));
    new ResizeObserver(() => this.draw()).observe(this.canvas);
    for (const change of ["place", "files"] as const) app.on(change, () => this.load(app.place));
    this.listen();
    getMask().then((mask) => {
      this.mask = mask;
      this.paint();
    }, complain);
    this.load(null);
  }

  private async read(place: Place): Promise<void> {
    const { recording, map_file } = this.app.summary;
    // without the recording the mean pattern stays
    if (recording === null && (this.pattern !== null || map_file === null)) return;
    this.pattern = await getPattern(recording === null ? null : place);
    const { averaged, ellipse } = this.pattern;
    const what = averaged !== undefined ? `mean of ${averaged} patterns of the region, ` : ellipse === undefined ? "mean pattern, " : "";
    this.caption.textContent = `${what}${counts(this.pattern.sum)} counts, highest ${counts(this.pattern.maximum)}`;
    this.paint();
  }

  // A disc about the centre that holds the direct beam; the annulus is the ring's.
  private firstDetector(): Detector {
    const { calibration, centre_px, detector } = this.app.summary;
    const [x, y] = calibration?.centre_px ?? centre_px ?? [(detector[1] - 1) / 2, (detector[0] - 1) / 2];
    const size = Math.min(detector[0], detector[1]);
    const [inner, outer] = calibration?.annulus_px ?? [size / 5, size / 2.5];
    const points: [number, number][] = [[y - outer, x], [y, x + outer], [y, x - outer]];
    return { shape: "none", y, x, inner, outer, from: -30, to: 30, points };
  }

  // The image of a recording that comes without a map file.
  showDetector(shape: Shape): void {
    this.take({ ...this.detector, shape });
  }

  move(rows: number, columns: number): void {
    if (this.detector.shape !== "none") this.take(moved(this.detector, rows, columns));
  }

  private take(detector: Detector): void {
    this.detector = detector;
    this.shape.value = detector.shape;
    this.drawing.hidden = detector.shape !== "polygon";
    const text = detectorText(detector);
    if (document.activeElement !== this.field || this.field.value === "") this.field.value = text;
    this.app.setDetector(text === "" ? null : text);
    this.draw();
  }

  // Corner by corner, in place of the polygon that there is.
  private drawPolygon(on: boolean): void {
    this.polygon.cancel();
    this.drawing.setAttribute("aria-pressed", String(on));
    this.draw();
  }

  private get isDrawing(): boolean {
    return this.detector.shape === "polygon" && this.drawing.getAttribute("aria-pressed") === "true";
  }

  private takePolygon(points: [number, number][] | null): void {
    if (points === null) return;
    this.drawPolygon(false);
    this.take({ ...this.detector, shape: "polygon", points: points.map(([y, x]): [number, number] => [Number(y.toFixed(2)), Number(x.toFixed(2))]) });
  }

  private pressed(event: KeyboardEvent): void {
    const steps: Record<string, [number, number]> = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
    const step = steps[event.key];
    const far = event.shiftKey ? 5 : 1;
    const wider = event.key === "+" ? 1 : event.key === "-" ? -1 : 0;
    const { shape, outer, inner } = this.detector;
    if (step !== undefined) this.move(far * step[0], far * step[1]);
    else if (event.key === "Enter" && this.isDrawing) this.takePolygon(this.polygon.close());
    else if (event.key === "Escape" && this.isDrawing) this.drawPolygon(false);
    else if (wider !== 0 && shape !== "none" && shape !== "polygon") this.take({ ...this.detector, outer: Math.max(outer + wider, shape === "disc" ? 0.5 : inner + 0.5) });
    else return;
    event.preventDefault();
  }

  private pointAt(event: MouseEvent): [number, number, number] {
    const box = this.canvas.getBoundingClientRect();
    const { scale, left, top } = this.layout(box.width, box.height);
    return [(event.clientY - box.top - top) / scale - 0.5, (event.clientX - box.left - left) / scale - 0.5, scale];
  }

  private listen(): void {
    this.field.addEventListener("change", () => {
      try {
        this.take(readDetector(this.field.value.trim(), this.detector));
      } catch (error) {
        complain(error);
      }
    });
    this.canvas.addEventListener("pointerdown", (event) => {
      const [y, x, scale] = this.pointAt(event);
      if (this.isDrawing) {
        this.takePolygon(event.button === 0 ? this.polygon.add([y, x], 8 / scale) : null);
        this.draw();
        return;
      }
      const handle = handleAt(this.detector, y, x, 7 / scale);
      if (handle === null || event.button !== 0) return;
      this.grip = { handle, y, x };
      this.canvas.setPointerCapture(event.pointerId);
    });
    this.canvas.addEventListener("pointermove", (event) => {
      const [y, x] = this.pointAt(event);
      if (this.isDrawing && this.polygon.isBegun) {
        this.polygon.pointer = [y, x];
        this.draw();
      }
      if (this.grip === null) return;
      const { handle } = this.grip;
      this.take(dragged(this.detector, handle, y, x, y - this.grip.y, x - this.grip.x));
      this.grip = { handle, y, x };
    });
    this.canvas.addEventListener("pointerup", () => (this.grip = null));
    this.canvas.addEventListener("dblclick", (event) => {
      const [y, x, scale] = this.pointAt(event);
      if (this.isDrawing) this.takePolygon(this.polygon.close());
      else if (this.detector.shape === "polygon") this.take(cornerChanged(this.detector, y, x, 7 / scale));
    });
    this.canvas.addEventListener("keydown", (event) => this.pressed(event));
  }

  private paint(): void {
    const p = this.pattern;
    if (p === null) return;
    this.image.width = p.det_x;
    this.image.height = p.det_y;
    const pixels = new ImageData(p.det_x, p.det_y);
    colourise(pixels.data, p.values, palette(this.paletteName, "magma"), scaleOf(this.scaling, p.minimum ?? 0, p.maximum ?? 1, lowestPositive(p.values)));
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
    const { scale, left, top } = this.layout(width, height);
    context.imageSmoothingEnabled = scale < 1;
    context.drawImage(this.image, left, top, scale * p.det_x, scale * p.det_y);
    context.save();
    // pixel (x, y) has its centre at exactly (x, y)
    context.translate(left + 0.5 * scale, top + 0.5 * scale);
    context.scale(scale, scale);
    const ring = p.ellipse ?? this.meanRing();
    if (this.showsRing && ring !== null) this.drawRing(context, ring, 1 / scale);
    if (this.detector.shape !== "none" && !this.polygon.isBegun) this.drawDetector(context, 1 / scale);
    context.restore();
    if (this.polygon.isBegun) this.drawOpen(context, ([y, x]) => [left + (x + 0.5) * scale, top + (y + 0.5) * scale]);
    this.drawScaleBar(context, left, top + scale * p.det_y, scale);
  }

  private layout(width: number, height: number): { scale: number; left: number; top: number } {
    const [det_y, det_x] = this.app.summary.detector;
    const scale = Math.min(width / Math.max(det_x, 1), height / Math.max(det_y, 1));
    return { scale, left: (width - scale * det_x) / 2, top: (height - scale * det_y) / 2 };
  }

  private drawDetector(context: CanvasRenderingContext2D, px: number): void {
    trace(context, this.detector);
    context.fillStyle = "rgba(255,255,255,0.22)";
    context.fill("evenodd");
    context.strokeStyle = "#000000";
    context.lineWidth = 3 * px;
    context.stroke();
    context.strokeStyle = "#ffd400";
    context.lineWidth = 1.5 * px;
    context.stroke();
  }

  private drawOpen(context: CanvasRenderingContext2D, at: (corner: [number, number]) => [number, number]): void {
    this.polygon.trace(context, at);
    for (const [style, width] of [["#000000", 3], ["#ffd400", 1.5]] as const) {
      context.strokeStyle = style;
      context.lineWidth = width;
      context.stroke();
    }
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
