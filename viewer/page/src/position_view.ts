// SPDX-License-Identifier: GPL-3.0-or-later
// The numbers of the position or the region with their errors, and its curves and those along the line.
import { getCurves, getLine, getNumbers, type Curve, type NumberOfPosition, type Numbers, type Place } from "./api";
import type { App } from "./app";
import { findDirections } from "./directions";
import { differenceOf } from "./difference";
import { button, complain, make, markup, newestOnly } from "./dom";
import { number, plain, withError } from "./format";
import { plot } from "./plot";
import { curveAsCsv, fileName, numbersAsCsv, save, svgAsFile, svgAsPng } from "./save";

function valueText(n: NumberOfPosition): string {
  const unit = n.unit === "" ? "" : " " + plain(n.unit);
  const text = withError(n.value, n.error ?? null) + unit;
  return n.n === undefined ? text : `${text}\nsd ${number(n.spread ?? null, 2)}`;
}

export class NumbersView {
  readonly element = make("section", { class: "panel", id: "numbers", tabindex: "0", "aria-label": "Numbers of the position" });

  private found: Numbers | null = null;
  private kept: Numbers | null = null;

  constructor(private readonly app: App) {
    const load = newestOnly((place: Place) => this.read(place));
    if (app.summary.map_file === null) {
      this.element.append("The numbers come with the map file (vitrail map).");
      return;
    }
    this.element.append("Point at a map.");
    for (const change of ["place", "trial", "files"] as const) app.on(change, () => app.place !== null && load(app.place));
    app.on("keep", () => {
      this.kept = app.keeps ? this.found : null;
      this.show();
    });
  }

  private async read(place: Place): Promise<void> {
    this.found = await getNumbers(place, this.app.trial);
    this.show();
  }

  private show(): void {
    const found = this.found;
    if (found === null) return;
    const before = new Map(this.kept?.numbers.map((n) => [`${n.group}/${n.name}`, n]));
    const table = make("table");
    let group = "";
    for (const n of found.numbers) {
      if (n.group !== group) {
        group = n.group;
        table.append(make("tr", { class: "group" }, make("th", { colspan: "2", scope: "colgroup" }, group)));
      }
      const name = make("th", { scope: "row" });
      name.append(markup(n.symbol));
      const cell = make("td", {}, valueText(n));
      const other = before.get(`${n.group}/${n.name}`);
      if (other !== undefined) {
        const { value, error } = differenceOf(n, other);
        cell.append(make("div", { class: "kept" }, valueText(other)), make("div", { class: "difference" }, "Δ " + withError(value, error)));
      }
      table.append(make("tr", { "data-name": `${n.group}/${n.name}` }, name, cell));
    }
    const flags = found.flags.map((flag) => make("p", { class: "flags" }, flag));
    const title = found.n === undefined ? [] : [make("p", { class: "title" }, `mean and standard deviation of ${found.n} positions`)];
    const places = this.kept === null ? [found] : [found, this.kept];
    const csv = button("CSV", "Save these numbers", () => save("numbers.csv", numbersAsCsv(places)));
    this.element.replaceChildren(make("div", { class: "over" }, csv), ...title, ...flags, table);
  }
}

export class PlotsView {
  readonly element = make("section", { class: "panel", id: "plots", "aria-label": "Curves of the position" });
  private curves: Curve[] = [];
  private lines: Curve[] = [];
  private kept: Curve[] = [];

  constructor(private readonly app: App) {
    if (app.summary.map_file === null) {
      this.empty("The curves come with the map file (vitrail map).");
      return;
    }
    this.empty("Point at a map.");
    const load = newestOnly((place: Place) => this.read(place));
    for (const change of ["place", "files"] as const) app.on(change, () => app.place !== null && load(app.place));
    const loadLines = newestOnly(() => this.readLines());
    for (const change of ["line", "trial", "maps", "files"] as const) app.on(change, () => (app.line !== null || this.lines.length > 0) && loadLines(null));
    app.on("keep", () => {
      this.kept = app.keeps ? [...this.lines, ...this.curves] : [];
      this.draw();
    });
    new ResizeObserver(() => this.draw()).observe(this.element);
  }

  private empty(text: string): void {
    this.element.replaceChildren(make("p", { class: "empty" }, text));
  }

  private async read(place: Place): Promise<void> {
    this.curves = await getCurves(place);
    if (this.curves.length + this.lines.length === 0) this.empty("This map file holds no profiles.");
    else this.draw();
  }

  private async readLines(): Promise<void> {
    const { line, trial } = this.app;
    // directions by their parts
    const directions = new Map(findDirections(this.app.summary).map((d) => [d.name, d.parts.map((part) => `${d.group}/${part}`)]));
    const names = this.app.shown.filter((name) => !name.startsWith("live/")).flatMap((name) => directions.get(name) ?? [name.replace(/_errors$/, "")]);
    const found = line === null ? [] : await Promise.all([...new Set(names)].map((name) => getLine(name, line, trial).catch(() => []))); // a map without data there has none
    this.lines = found.flat().map((curve) => ({ ...curve, title: plain(curve.title), y_label: curve.y_label === "" ? "" : `(${plain(curve.y_label)})` }));
    this.draw();
  }

  private draw(): void {
    const all = [...this.lines, ...this.curves];
    if (all.length === 0) return;
    const width = Math.max(168, this.element.clientWidth / all.length - 10);
    const height = Math.max(100, this.element.clientHeight - 14);
    this.element.replaceChildren(...all.map((curve) => this.figure(curve, width, height)));
  }

  private figure(curve: Curve, width: number, height: number): HTMLElement {
    const kept = this.kept.find((one) => one.title === curve.title) ?? null;
    const svg = plot(curve, kept, width, height);
    const name = fileName(curve.title);
    const tools = make(
      "div",
      { class: "over" },
      button("CSV", `Save the numbers of ${curve.title}`, () => save(name + ".csv", curveAsCsv(curve, kept))),
      button("PNG", `Save the picture of ${curve.title}`, () => void svgAsPng(svg).then((png) => save(name + ".png", png), complain)),
      button("SVG", `Save the drawing of ${curve.title}`, () => save(name + ".svg", svgAsFile(svg))),
    );
    return make("figure", {}, svg, tools);
  }
}
