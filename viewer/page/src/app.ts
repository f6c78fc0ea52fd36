// SPDX-License-Identifier: GPL-3.0-or-later
// What all parts of the page share: what is looked at, and who wants to know when that changes.
import { getProgress, getStatus, getSummary, getVirtual, Overtaken, type DetectorImage, type Line, type Place, type Position, type Summary, type Trial } from "./api";
import { complain, newestOnly } from "./dom";
import { Viewport } from "./viewport";

export type Tool = "point" | "reference" | "axis" | "line" | "region";
export type RegionShape = "rectangle" | "ellipse" | "polygon";
export type Change = "place" | "view" | "trial" | "line" | "detector" | "maps" | "tool" | "keep" | "progress" | "files";

// Bytes that are read for the first image of a virtual detector: a moment's work.
const firstBytes = 48e6;
const quickMs = 1000;
const lookMs = 2000;

export class App {
  readonly viewport: Viewport;
  position: Position | null = null;
  isHeld = false;
  region: string | null = null;
  trial: Trial = { reference: null, axis: null };
  line: Line | null = null;
  tool: Tool = "point";
  regionShape: RegionShape = "rectangle";
  // what is kept to be compared with is drawn beside what is looked at
  keeps = false;
  kept: Place = null;
  detector: string | null = null;
  detectorImage: DetectorImage | null = null;
  // the quantity of each view, "group/name"
  private readonly quantities = new Map<object, string>();
  private readonly listeners = new Map<Change, Set<() => void>>();
  private detectorTurn = 0;

  constructor(public summary: Summary) {
    const [n_y, n_x] = summary.scan;
    const [step_y, step_x] = summary.step_nm;
    const aspect = step_y !== null && step_x !== null ? step_y / step_x : 1;
    this.viewport = new Viewport(Math.max(n_y, 1), Math.max(n_x, 1), aspect);
  }

  // Returns what ends it.
  on(change: Change, listener: () => void): () => void {
    const all = this.listeners.get(change) ?? new Set();
    this.listeners.set(change, all.add(listener));
    return () => all.delete(listener);
  }

  // A map that a pass still fills: each new one takes the place of the one before, and what is looked at stays.
  watchFilling(): void {
    if (this.summary.map_file === null || !this.summary.is_filling) return;
    window.setTimeout(() => {
      this.look().then(() => this.watchFilling(), complain);
    }, lookMs);
  }

  private async look(): Promise<void> {
    if ((await getStatus()).reading === this.summary.reading) return;
    this.summary = await getSummary();
    document.body.dataset["reading"] = String(this.summary.reading);
    this.changed("files");
  }

  // What a view shows; null: it is closed.
  setShown(view: object, quantity: string | null): void {
    if (quantity === null) this.quantities.delete(view);
    else this.quantities.set(view, quantity);
    this.changed("maps");
  }

  get shown(): string[] {
    return [...this.quantities.values()];
  }

  // The axis of the strain's frame, degrees.
  get axis(): number {
    return this.trial.axis ?? this.summary.axis ?? 0;
  }

  changed(change: Change): void {
    for (const listener of this.listeners.get(change) ?? []) listener();
  }

  // The region where there is one, else the position.
  get place(): Place {
    return this.region ?? this.position;
  }

  // The pointer is over a position: shown unless another one is held.
  hover(position: Position): void {
    if (!this.isHeld) this.show(position);
  }

  hold(position: Position | null): void {
    if (position === null) return;
    const isSame = this.position !== null && position[0] === this.position[0] && position[1] === this.position[1];
    this.isHeld = !(this.isHeld && isSame);
    this.position = position;
    this.changed("place");
  }

  move(rows: number, columns: number): void {
    const [n_y, n_x] = this.summary.scan;
    if (n_y === 0 || n_x === 0) return;
    const [y, x] = this.position ?? [Math.floor(n_y / 2), Math.floor(n_x / 2)];
    this.isHeld = true;
    this.show([Math.min(Math.max(y + rows, 0), n_y - 1), Math.min(Math.max(x + columns, 0), n_x - 1)]);
  }

  private show(position: Position): void {
    if (this.position !== null && position[0] === this.position[0] && position[1] === this.position[1]) return;
    this.position = position;
    this.changed("place");
  }

  setRegion(region: string | null): void {
    this.region = region;
    this.changed("place");
  }

  setTrial(trial: Partial<Trial>): void {
    this.trial = { ...this.trial, ...trial };
    this.changed("trial");
  }

  setLine(line: Line | null): void {
    this.line = line;
    this.changed("line");
  }

  setTool(tool: Tool): void {
    this.tool = tool;
    this.changed("tool");
  }

  setRegionShape(shape: RegionShape): void {
    this.regionShape = shape;
    this.changed("tool");
  }

  keep(on: boolean): void {
    this.keeps = on;
    this.kept = on ? this.place : null;
    this.changed("keep");
  }

  setDetector(text: string | null): void {
    this.detector = text;
    this.detectorTurn++;
    this.changed("detector");
    if (text !== null) this.loadDetector(text);
  }

  // Coarse at first where the recording is large, then finer and finer until the detector is moved again.
  private readonly loadDetector = newestOnly(async (text: string) => {
    const turn = this.detectorTurn;
    const stride = Math.max(1, Math.ceil(Math.sqrt((this.summary.bytes ?? 0) / firstBytes)));
    const start = performance.now();
    await this.readDetector(text, stride, turn);
    // from memory the whole image is there so soon that one between it and the first would only be in its way
    const isQuick = stride * stride * (performance.now() - start) < quickMs;
    void this.refineDetector(text, isQuick ? 2 : stride, turn);
  });

  private async readDetector(text: string, stride: number, turn: number): Promise<void> {
    try {
      const image = await getVirtual(text, stride);
      // while it is dragged the newest image that is there is shown, though the detector is elsewhere by now
      if (stride > 1 && turn !== this.detectorTurn && this.detectorImage?.stride === 1) return;
      this.detectorImage = image;
      // which image is shown, for those who wait for it
      document.body.dataset["image"] = String(stride);
      document.body.dataset["detector"] = text;
      this.changed("maps");
    } catch (error) {
      if (!(error instanceof Overtaken)) complain(error);
    }
  }

  // How far the image that is being made is, 0 to 1; null: none is, or it is there at once.
  progress: number | null = null;
  private progressTimer = 0;

  private watchProgress(): void {
    window.clearInterval(this.progressTimer);
    this.progressTimer = window.setInterval(() => {
      getProgress().then((done) => {
        this.progress = done < 1 ? done : null;
        this.changed("progress");
      }, complain);
    }, 500);
  }

  private endProgress(): void {
    window.clearInterval(this.progressTimer);
    this.progress = null;
    this.changed("progress");
  }

  private async refineDetector(text: string, stride: number, turn: number): Promise<void> {
    if (stride > 1) this.watchProgress();
    for (let finer = Math.floor(stride / 2); finer >= 1 && turn === this.detectorTurn; finer = Math.floor(finer / 2)) {
      await this.readDetector(text, finer, turn);
    }
    if (turn === this.detectorTurn) this.endProgress();
  }
}
