// SPDX-License-Identifier: GPL-3.0-or-later
// One map: its quantity, palette and range, drawn with scale bar and colour bar.
import { getMap, type MapData, type Position } from "./api";
import type { App } from "./app";
import { colouriseDirections, drawWheel, findDirections, getDirections, wheelImage, type Directions, type DirectionsMap } from "./directions";
import { axisHandle, drawAxis, drawOverlay, shapeOf } from "./map_overlay";
import { PolygonDrawing } from "./polygon";
import { fileName, mapAsCsv, mapAsSvg, save } from "./save";
import { colourBarHeight, drawColourBar } from "./colour_bar";
import { button, complain, fit, make, newestOnly, select } from "./dom";
import { length, number, plain, roundBelow } from "./format";
import { colourise, palette, paletteNames, type Palette } from "./palette";
import type { Place } from "./viewport";

// What a recording is looked at through: the image of the detector on the pattern.
export const liveDetector = "live/detector";

// Of e1: a director, which equals its opposite, so that its colours close.
const isDirection = (map: MapData): boolean => map.group === "strain" && map.name === "angle";

const isWheel = (map: MapData): map is DirectionsMap => "wheel" in map;

// Limits by themselves: from percentiles, about zero for signed quantities.
function automaticLimits(map: MapData, values: Float32Array): [number, number] {
  if (isDirection(map)) return [-90, 90];
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

// An angle from -180 to 180 degrees.
const wrapped = (angle: number): number => angle - 360 * Math.round(angle / 360);

export class MapView {
  readonly element: HTMLElement;
  private readonly canvas: HTMLCanvasElement;
  private readonly image = document.createElement("canvas");
  private readonly chooser: HTMLSelectElement;
  private readonly low: HTMLInputElement;
  private readonly high: HTMLInputElement;
  private readonly directions: Directions[];
  private readonly polygon = new PolygonDrawing();
  private turnsAxis = false;
  private data: MapData | DirectionsMap | null = null;
  private readonly endings: (() => void)[] = [];
  private showsErrors = false;
  private paletteName = "auto";
  private limits: [number, number] = [0, 1];
  private isAutomatic = true;
  private pan: [number, number] | null = null;
  private drawnFrom: [number, number] | null = null;
  private drawnTo: [number, number] | null = null;
  private wanted = "";
  private readonly load: (name: string) => void;

  constructor(
    private readonly app: App,
    name: string,
    label: string,
    onClose: (view: MapView) => void,
  ) {
    this.directions = findDirections(app.summary);
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
      // all but the cyclic one can be read with any colour vision; that comes by itself, with its wheel
      select("Palette", paletteNames().filter((one) => one !== "cyclic"), "auto", (value) => {
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
      make("span", { class: "space" }),
      button("CSV", "Save the numbers of this map", () => this.data !== null && save(this.file("csv"), mapAsCsv(this.data))),
      button("PNG", "Save the picture as it is shown", () => this.canvas.toBlob((blob) => blob !== null && save(this.file("png"), blob))),
      button("SVG", "Save the whole map as a drawing", () => {
        const { aspect } = this.app.viewport;
        const wheel = this.wheel();
        save(this.file("svg"), mapAsSvg(this.image, aspect, wheel?.image ?? this.colours(), this.limits, wheel?.label ?? this.label()));
      }),
      button("×", `Close ${label}`, () => onClose(this)),
    );
    tools.lastElementChild!.setAttribute("aria-label", `Close ${label}`);
    tools.lastElementChild!.classList.add("close");
    this.element = make("section", { class: "panel", "aria-label": label }, tools, make("div", { class: "stage" }, this.canvas));
    this.fillChooser();
    this.listen();
    this.show(name);
  }

  private file(ending: string): string {
    return fileName(this.data?.group ?? "map", `${this.data?.name ?? ""}${this.showsErrors ? "_errors" : ""}`) + "." + ending;
  }

  // "group/name", with "_errors" after it for its standard deviations.
  show(name: string): void {
    this.fillChooser();
    this.chooser.value = name;
    this.wanted = name;
    this.isAutomatic = true;
    this.app.setShown(this, name);
    if (name !== liveDetector) this.load(name);
  }

  close(): void {
    for (const end of this.endings) end();
    this.app.setShown(this, null);
    this.element.remove();
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
    // a coarse image stands for the whole scan
    const [n_y, n_x] = this.app.summary.scan;
    const stride = this.stride();
    context.drawImage(this.image, place.left, place.top, place.x * Math.max(n_x, this.data.n_x * stride), place.y * Math.max(n_y, this.data.n_y * stride));
    drawOverlay(context, place, this.app, this.data.group);
    if (this.drawnFrom !== null && this.drawnTo !== null) shapeOf(this.app.tool, this.drawnFrom, this.drawnTo, this.app.regionShape === "ellipse").draw(context, place);
    if (this.polygon.isBegun) this.drawPolygon(context, place);
    if (this.app.tool === "axis" && this.data.group === "strain") drawAxis(context, this.app, width, area);
    this.drawPosition(context, place);
    this.drawScaleBar(context, place, area);
    if (stride > 1) this.drawNote(context, this.strideNote(stride), width);
    const wheel = this.wheel();
    context.restore();
    if (wheel === null) drawColourBar(context, width, height, this.colours(), this.limits, this.label());
    else drawWheel(context, wheel.image, width, height, wheel.label);
  }

  private drawPolygon(context: CanvasRenderingContext2D, place: Place): void {
    this.polygon.trace(context, ([y, x]) => [place.left + place.x * x, place.top + place.y * y]);
    for (const [style, width] of [["#ffffff", 3], ["#a3341f", 1.5]] as const) {
      context.strokeStyle = style;
      context.lineWidth = width;
      context.stroke();
    }
  }

  // Of directions: the wheel, and how long a direction at its rim is.
  private wheel(): { image: HTMLCanvasElement; label: string } | null {
    if (this.data === null || !isWheel(this.data)) return null;
    const { fold, unit } = this.data.wheel;
    return { image: wheelImage(fold, palette("cyclic", "cyclic"), 96), label: `${fold === 2 ? "director" : "direction"}; rim: ${this.label()} ${number(this.limits[1], 3)} ${plain(unit)}` };
  }

  private label(): string {
    if (this.data === null) return "";
    if (isWheel(this.data)) return plain(this.data.wheel.symbol);
    const name = plain(this.data.symbol);
    return (this.showsErrors ? `σ(${name})` : name) + (this.data.unit === "" ? "" : ` (${plain(this.data.unit)})`);
  }

  private colours(): Palette {
    const isSigned = this.data !== null && this.data.signed && !this.showsErrors;
    const isAngle = this.data !== null && isDirection(this.data) && !this.showsErrors;
    return palette(this.paletteName, isAngle ? "cyclic" : isSigned ? "diverging" : "viridis");
  }

  private values(): Float32Array {
    const data = this.data!;
    return this.showsErrors && data.errors !== null ? data.errors : data.values;
  }

  private async read(wanted: string): Promise<void> {
    const directions = this.directions.find((d) => d.name === wanted);
    if (directions !== undefined) {
      const data = await getDirections(directions, this.app.trial);
      if (wanted === this.wanted) this.take(data, false);
      return;
    }
    const showsErrors = wanted.endsWith("_errors");
    const path = showsErrors ? wanted.slice(0, -"_errors".length) : wanted;
    const slash = path.lastIndexOf("/");
    const data = await getMap(path.slice(0, slash), path.slice(slash + 1), this.app.trial);
    if (wanted === this.wanted) this.take(data, showsErrors && data.errors !== null);
  }

  private take(data: MapData, showsErrors: boolean): void {
    this.data = data;
    this.showsErrors = showsErrors;
    this.paint();
  }

  private stride(): number {
    return this.wanted === liveDetector ? (this.app.detectorImage?.stride ?? 1) : 1;
  }

  // The virtual detector's image was made anew.
  private takeDetector(): void {
    const image = this.app.detectorImage;
    if (this.wanted !== liveDetector || image === null || image === this.data) return;
    this.take(image, false);
  }

  // Turns the numbers into colours, then draws.
  private paint(): void {
    const data = this.data;
    if (data === null) return;
    const values = isWheel(data) ? data.wheel.lengths : this.values();
    if (this.isAutomatic) {
      const like = this.showsErrors || isWheel(data) ? { ...data, name: "errors", signed: false, from_zero: true } : data;
      this.limits = automaticLimits(like, values);
      const [low, high] = this.limits;
      // so many digits that the ends differ
      const digits = Math.min(12, 4 + Math.max(0, Math.floor(Math.log10(Math.max(Math.abs(low), Math.abs(high)) / (high - low)))));
      this.low.value = String(Number(low.toPrecision(digits)));
      this.high.value = String(Number(high.toPrecision(digits)));
    }
    const [low, high] = this.limits;
    this.image.width = data.n_x;
    this.image.height = data.n_y;
    const pixels = new ImageData(data.n_x, data.n_y);
    if (isWheel(data)) colouriseDirections(pixels.data, data, high, palette("cyclic", "cyclic"));
    else colourise(pixels.data, values, this.colours(), (value) => (data.factor * value - low) / (high - low));
    this.image.getContext("2d")!.putImageData(pixels, 0, 0);
    this.draw();
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
    const step = this.app.summary.step_nm[1];
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

  private strideNote(stride: number): string {
    const done = this.app.progress;
    return `one position in ${stride * stride}; the next image is ${done === null ? "on its way" : `at ${Math.floor(100 * done)} %`}`;
  }

  private drawNote(context: CanvasRenderingContext2D, text: string, width: number): void {
    context.font = "11px 'DejaVu Sans', sans-serif";
    context.textAlign = "right";
    context.textBaseline = "top";
    const room = context.measureText(text).width;
    context.fillStyle = "rgba(255,255,255,0.85)";
    context.fillRect(width - room - 18, 6, room + 12, 18);
    context.fillStyle = "#1d2329";
    context.fillText(text, width - 12, 10);
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
    const chosen = this.chooser.value;
    this.chooser.replaceChildren();
    if (this.app.summary.recording !== null) this.chooser.append(new Option("virtual detector", liveDetector));
    for (const { group, title, name } of this.directions) this.chooser.append(new Option(`${group}: ${title}`, name));
    const groups = new Map<string, HTMLOptGroupElement>();
    for (const { group, name } of this.app.summary.maps) {
      let list = groups.get(group);
      if (list === undefined) {
        list = make("optgroup", { label: group });
        groups.set(group, list);
        this.chooser.append(list);
      }
      list.append(new Option(name, `${group}/${name}`));
      if (group === "strain" || group === "pdf") list.append(new Option(`${name} errors`, `${group}/${name}_errors`));
    }
    this.chooser.value = chosen;
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
      const { tool, regionShape } = this.app;
      const isDrawn = event.button === 0 && !event.altKey;
      if (isDrawn && (tool === "point" || (tool === "region" && regionShape === "polygon"))) return;
      if (isDrawn && tool === "axis") this.turnsAxis = this.turn(event);
      else if (isDrawn) this.drawnFrom = this.pointAt(event);
      else this.pan = this.pointAt(event);
      this.canvas.setPointerCapture(event.pointerId);
    });
    this.canvas.addEventListener("pointerup", (event) => {
      this.pan = null;
      this.turnsAxis = false;
      const isRound = this.app.regionShape === "ellipse" || event.shiftKey;
      if (this.drawnFrom !== null) shapeOf(this.app.tool, this.drawnFrom, this.pointAt(event), isRound).finish(this.app);
      this.drawnFrom = this.drawnTo = null;
      this.draw();
    });
    this.canvas.addEventListener("contextmenu", (event) => event.preventDefault());
    this.canvas.addEventListener("click", (event) => this.clicked(event));
    this.canvas.addEventListener("dblclick", () => {
      if (this.polygon.isBegun) this.closePolygon();
      else this.resetView();
    });
    this.canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.app.viewport.zoomBy(Math.exp(-0.002 * event.deltaY), this.pointAt(event));
      this.app.changed("view");
    });
    this.canvas.addEventListener("keydown", (event) => this.pressed(event));
    const resized = new ResizeObserver(() => this.draw());
    resized.observe(this.canvas);
    this.endings.push(() => resized.disconnect());
    for (const change of ["place", "view", "line", "keep"] as const) this.endings.push(this.app.on(change, () => this.draw()));
    this.endings.push(
      this.app.on("maps", () => this.takeDetector()),
      this.app.on("files", () => {
        this.fillChooser();
        if (this.wanted !== liveDetector) this.load(this.wanted);
      }),
      this.app.on("progress", () => this.stride() > 1 && this.draw()),
      this.app.on("tool", () => {
        this.polygon.cancel();
        this.draw();
      }),
      this.app.on("trial", () => {
        this.draw();
        if (this.wanted.startsWith("strain/")) this.load(this.wanted);
      }),
    );
  }

  private clicked(event: MouseEvent): void {
    const { tool, regionShape } = this.app;
    if (event.altKey) return;
    if (tool === "point") this.app.hold(this.positionAt(event));
    if (tool !== "region" || regionShape !== "polygon") return;
    const place = this.app.viewport.place(this.canvas.clientWidth, this.canvas.clientHeight - colourBarHeight);
    const done = this.polygon.add(this.pointAt(event), 8 / place.x);
    if (done !== null) this.takePolygon(done);
    this.draw();
  }

  private closePolygon(): void {
    const done = this.polygon.close();
    if (done !== null) this.takePolygon(done);
    else this.draw();
  }

  // The words of a region count positions from their middles.
  private takePolygon(corners: [number, number][]): void {
    this.app.setRegion("polygon:" + corners.map(([y, x]) => `${(y - 0.5).toFixed(2)},${(x - 0.5).toFixed(2)}`).join(";"));
  }

  // Turns the axis towards the pointer where it has hold of the handle, or has taken hold of it: with Shift in steps of 5 degrees.
  private turn(event: PointerEvent): boolean {
    const box = this.canvas.getBoundingClientRect();
    const { middle, tip } = axisHandle(this.app, box.width, box.height - colourBarHeight);
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    if (!this.turnsAxis && Math.hypot(x - tip[0], y - tip[1]) > 14) return false;
    const step = event.shiftKey ? 5 : 0.1;
    const angle = (Math.atan2(y - middle[1], x - middle[0]) * 180) / Math.PI;
    this.app.setTrial({ axis: Number((step * Math.round(angle / step)).toFixed(1)) });
    return true;
  }

  private moved(event: PointerEvent): void {
    if (this.pan !== null) {
      const [y, x] = this.pointAt(event);
      this.app.viewport.panBy(this.pan[0] - y, this.pan[1] - x);
      this.app.changed("view");
      return;
    }
    if (this.turnsAxis) {
      this.turn(event);
      return;
    }
    if (this.polygon.isBegun) this.polygon.pointer = this.pointAt(event);
    if (this.drawnFrom !== null) this.drawnTo = this.pointAt(event);
    if (this.drawnFrom !== null || this.polygon.isBegun) this.draw();
    const position = this.positionAt(event);
    if (position !== null) this.app.hover(position);
  }

  private pressed(event: KeyboardEvent): void {
    const steps: Record<string, [number, number]> = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
    const step = steps[event.key];
    const at: [number, number] = this.app.position === null ? this.app.viewport.middle : [this.app.position[0] + 0.5, this.app.position[1] + 0.5];
    const far = event.shiftKey ? 5 : 1;
    const turn = event.key === "ArrowLeft" ? -far : far;
    if (step !== undefined && this.app.tool === "axis" && step[1] !== 0) this.app.setTrial({ axis: wrapped(this.app.axis + turn) });
    else if (step !== undefined) this.app.move(far * step[0], far * step[1]);
    else if (event.key === "Escape") this.app.setTool(this.app.tool);
    else if (event.key === "Enter" && this.polygon.isBegun) this.closePolygon();
    else if (event.key === "Enter") this.app.hold(this.app.position);
    else if (event.key === "0") this.resetView();
    else if (event.key === "+" || event.key === "-") {
      this.app.viewport.zoomBy(event.key === "+" ? 1.5 : 1 / 1.5, at);
      this.app.changed("view");
    } else return;
    event.preventDefault();
  }

  private resetView(): void {
    this.app.viewport.reset();
    this.app.changed("view");
  }
}
