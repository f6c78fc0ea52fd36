// SPDX-License-Identifier: GPL-3.0-or-later
// One map: its quantity, palette and range, drawn with scale bar and colour bar.
import { getMap, type MapData, type Position } from "./api";
import type { App } from "./app";
import { colourBarHeight, drawColourBar } from "./colour_bar";
import { button, complain, fit, make, newestOnly, select } from "./dom";
import { length, number, plain, roundBelow } from "./format";
import { colourise, palette, paletteNames, type Palette } from "./palette";
import type { Place } from "./viewport";

// Limits by themselves: from percentiles, about zero for signed quantities.
function automaticLimits(map: MapData, values: Float32Array): [number, number] {
  const sorted = Float32Array.from(values.filter(Number.isFinite)).sort();
  if (sorted.length === 0) return [0, 1];
  const at = (p: number): number => map.factor * sorted[Math.round(p * (sorted.length - 1))]!;
  let [low, high] = [at(0.01), at(0.99)];
  if (map.signed) {
    high = Math.max(Math.abs(low), Math.abs(high));
    low = -high;
  }
  if (map.from_zero) low = Math.min(0, low);
  if (!(high > low)) [low, high] = [low - 0.5 * Math.abs(low || 1), high + 0.5 * Math.abs(high || 1)];
  return [low, high];
}

export class MapView {
  readonly element: HTMLElement;
  private readonly canvas: HTMLCanvasElement;
  private readonly image = document.createElement("canvas");
  private readonly chooser: HTMLSelectElement;
  private readonly low: HTMLInputElement;
  private readonly high: HTMLInputElement;
  private data: MapData | null = null;
  private showsErrors = false;
  private paletteName = "auto";
  private limits: [number, number] = [0, 1];
  private isAutomatic = true;
  private pan: [number, number] | null = null;
  private readonly load: (name: string) => void;

  constructor(
    private readonly app: App,
    name: string,
    label: string,
  ) {
    this.canvas = make("canvas", { tabindex: "0", role: "application", "aria-label": `${label}; arrow keys move the position` });
    this.chooser = make("select", { "aria-label": `Quantity of ${label}`, title: "Quantity" });
    this.low = this.limitInput("Lower end of the colours");
    this.high = this.limitInput("Upper end of the colours");
    this.load = newestOnly((wanted: string) => this.read(wanted));
    this.chooser.addEventListener("change", () => this.show(this.chooser.value));
    const tools = make(
      "div",
      { class: "tools" },
      this.chooser,
      select("Palette", paletteNames(), "auto", (value) => {
        this.paletteName = value;
        this.paint();
      }),
      this.low,
      "to",
      this.high,
      button("Auto", "Range of the colours from the data", () => {
        this.isAutomatic = true;
        this.paint();
      }),
    );
    this.element = make("section", { class: "panel", "aria-label": label }, tools, make("div", { class: "stage" }, this.canvas));
    this.fillChooser();
    this.listen();
    this.show(name);
  }

  get quantity(): MapData | null {
    return this.data;
  }

  // "group/name", with "_errors" after it for its standard deviations.
  show(name: string): void {
    this.chooser.value = name;
    this.load(name);
  }

  draw(): void {
    const { context, width, height } = fit(this.canvas);
    context.fillStyle = "#ffffff";
    context.fillRect(0, 0, width, height);
    if (this.data === null) return;
    const area = height - colourBarHeight;
    const place = this.app.viewport.place(width, area);
    context.save();
    context.beginPath();
    context.rect(0, 0, width, area);
    context.clip();
    context.imageSmoothingEnabled = false;
    context.drawImage(this.image, place.left, place.top, place.x * this.data.n_x, place.y * this.data.n_y);
    this.drawReference(context, place);
    this.drawPosition(context, place);
    this.drawScaleBar(context, place, area);
    context.restore();
    drawColourBar(context, width, height, this.colours(), this.limits, this.label());
  }

  private label(): string {
    if (this.data === null) return "";
    const name = plain(this.data.symbol);
    return (this.showsErrors ? `σ(${name})` : name) + (this.data.unit === "" ? "" : ` (${plain(this.data.unit)})`);
  }

  private colours(): Palette {
    const isSigned = this.data !== null && this.data.signed && !this.showsErrors;
    return palette(this.paletteName, isSigned ? "diverging" : "viridis");
  }

  private values(): Float32Array {
    const data = this.data!;
    return this.showsErrors && data.errors !== null ? data.errors : data.values;
  }

  private async read(wanted: string): Promise<void> {
    const showsErrors = wanted.endsWith("_errors");
    const path = showsErrors ? wanted.slice(0, -"_errors".length) : wanted;
    const slash = path.lastIndexOf("/");
    const data = await getMap(path.slice(0, slash), path.slice(slash + 1));
    this.data = data;
    this.showsErrors = showsErrors && data.errors !== null;
    this.isAutomatic = true;
    this.paint();
  }

  // Turns the numbers into colours, then draws.
  private paint(): void {
    const data = this.data;
    if (data === null) return;
    const values = this.values();
    if (this.isAutomatic) {
      const like = this.showsErrors ? { ...data, signed: false, from_zero: true } : data;
      this.limits = automaticLimits(like, values);
      this.low.value = number(this.limits[0], 3).replace("\u2212", "-");
      this.high.value = number(this.limits[1], 3).replace("\u2212", "-");
    }
    const [low, high] = this.limits;
    this.image.width = data.n_x;
    this.image.height = data.n_y;
    const pixels = new ImageData(data.n_x, data.n_y);
    colourise(pixels.data, values, this.colours(), (value) => (data.factor * value - low) / (high - low));
    this.image.getContext("2d")!.putImageData(pixels, 0, 0);
    this.draw();
  }

  private drawReference(context: CanvasRenderingContext2D, place: Place): void {
    const box = this.app.summary.reference;
    if (box === undefined || this.data?.group !== "strain") return;
    context.setLineDash([5, 3]);
    context.strokeStyle = "#000000";
    context.lineWidth = 1.5;
    context.strokeRect(
      place.left + place.x * box[2],
      place.top + place.y * box[0],
      place.x * (box[3] - box[2]),
      place.y * (box[1] - box[0]),
    );
    context.setLineDash([]);
  }

  private drawPosition(context: CanvasRenderingContext2D, place: Place): void {
    const position = this.app.position;
    if (position === null) return;
    const x = place.left + place.x * (position[1] + 0.5);
    const y = place.top + place.y * (position[0] + 0.5);
    const r = Math.max(6, 0.5 * place.x + 3);
    for (const [style, width] of [["#ffffff", 3], ["#000000", 1.2]] as const) {
      context.strokeStyle = style;
      context.lineWidth = width;
      context.beginPath();
      if (this.app.isHeld) context.rect(x - r / 1.4, y - r / 1.4, 1.4 * r, 1.4 * r);
      for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]] as const) {
        context.moveTo(x + dx * r, y + dy * r);
        context.lineTo(x + 2.2 * dx * r, y + 2.2 * dy * r);
      }
      context.stroke();
    }
  }

  private drawScaleBar(context: CanvasRenderingContext2D, place: Place, area: number): void {
    const step = this.data?.step_nm[1] ?? null;
    const nmPerPx = step === null ? 1 / place.x : step / place.x;
    const bar = roundBelow(110 * nmPerPx);
    const width = bar / nmPerPx;
    const text = step === null ? `${number(bar, 2)} positions` : length(bar);
    context.fillStyle = "rgba(255,255,255,0.8)";
    context.fillRect(10, area - 34, width + 14, 26);
    context.fillStyle = "#1d2329";
    context.fillRect(17, area - 16, width, 4);
    context.font = "11px 'DejaVu Sans', sans-serif";
    context.textAlign = "center";
    context.textBaseline = "alphabetic";
    context.fillText(text, 17 + width / 2, area - 20);
  }

  private limitInput(label: string): HTMLInputElement {
    const input = make("input", { class: "number", "aria-label": label, title: label, inputmode: "decimal" });
    input.addEventListener("change", () => {
      const limits: [number, number] = [parseFloat(this.low.value), parseFloat(this.high.value)];
      if (!(limits[1] > limits[0])) return complain(`${this.low.value} to ${this.high.value} is not a range`);
      this.limits = limits;
      this.isAutomatic = false;
      this.paint();
    });
    return input;
  }

  private fillChooser(): void {
    const groups = new Map<string, HTMLOptGroupElement>();
    for (const { group, name } of this.app.summary.maps) {
      let list = groups.get(group);
      if (list === undefined) {
        list = make("optgroup", { label: group });
        groups.set(group, list);
        this.chooser.append(list);
      }
      list.append(new Option(name, `${group}/${name}`));
    }
  }

  // The position under the pointer, null outside of the scan.
  private positionAt(event: MouseEvent): Position | null {
    const [y, x] = this.pointAt(event);
    const [n_y, n_x] = this.app.summary.scan;
    const position: Position = [Math.floor(y), Math.floor(x)];
    return position[0] >= 0 && position[0] < n_y && position[1] >= 0 && position[1] < n_x ? position : null;
  }

  // The same in parts of a position, from the corner of the first one.
  private pointAt(event: MouseEvent): [number, number] {
    const box = this.canvas.getBoundingClientRect();
    const place = this.app.viewport.place(box.width, box.height - colourBarHeight);
    return [(event.clientY - box.top - place.top) / place.y, (event.clientX - box.left - place.left) / place.x];
  }

  private listen(): void {
    this.canvas.addEventListener("pointermove", (event) => this.moved(event));
    this.canvas.addEventListener("pointerdown", (event) => {
      if (event.button === 0 && !event.altKey) return;
      this.pan = this.pointAt(event);
      this.canvas.setPointerCapture(event.pointerId);
    });
    this.canvas.addEventListener("pointerup", () => (this.pan = null));
    this.canvas.addEventListener("contextmenu", (event) => event.preventDefault());
    this.canvas.addEventListener("click", (event) => {
      if (!event.altKey) this.app.hold(this.positionAt(event));
    });
    this.canvas.addEventListener("dblclick", () => this.resetView());
    this.canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.app.viewport.zoomBy(Math.exp(-0.002 * event.deltaY), this.pointAt(event));
      this.app.viewChanged();
    });
    this.canvas.addEventListener("keydown", (event) => this.pressed(event));
    new ResizeObserver(() => this.draw()).observe(this.canvas);
    this.app.whenPositionChanges(() => this.draw());
    this.app.whenViewChanges(() => this.draw());
  }

  private moved(event: PointerEvent): void {
    if (this.pan !== null) {
      const [y, x] = this.pointAt(event);
      this.app.viewport.panBy(this.pan[0] - y, this.pan[1] - x);
      this.app.viewChanged();
      return;
    }
    const position = this.positionAt(event);
    if (position !== null) this.app.hover(position);
  }

  private pressed(event: KeyboardEvent): void {
    const steps: Record<string, [number, number]> = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
    const step = steps[event.key];
    const at: [number, number] = this.app.position === null ? this.app.viewport.middle : [this.app.position[0] + 0.5, this.app.position[1] + 0.5];
    const far = event.shiftKey ? 5 : 1;
    if (step !== undefined) this.app.move(far * step[0], far * step[1]);
    else if (event.key === "Enter") this.app.hold(this.app.position);
    else if (event.key === "0") this.resetView();
    else if (event.key === "+" || event.key === "-") {
      this.app.viewport.zoomBy(event.key === "+" ? 1.5 : 1 / 1.5, at);
      this.app.viewChanged();
    } else return;
    event.preventDefault();
  }

  private resetView(): void {
    this.app.viewport.reset();
    this.app.viewChanged();
  }
}
