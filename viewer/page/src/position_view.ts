// SPDX-License-Identifier: GPL-3.0-or-later
// The numbers of the position with their errors, and its curves.
import { getCurves, getNumbers, type Curve, type Position } from "./api";
import type { App } from "./app";
import { make, markup, newestOnly } from "./dom";
import { plain, withError } from "./format";
import { plot } from "./plot";

export class NumbersView {
  readonly element = make("section", { class: "panel", id: "numbers", tabindex: "0", "aria-label": "Numbers of the position" });

  constructor(app: App) {
    const load = newestOnly((position: Position) => this.read(position));
    if (app.summary.map_file === null) {
      this.element.append("The numbers come with the map file (vitrail map).");
      return;
    }
    this.element.append("Point at a map.");
    app.whenPositionChanges((position) => position !== null && load(position));
  }

  private async read(position: Position): Promise<void> {
    const found = await getNumbers(position);
    const table = make("table");
    let group = "";
    for (const n of found.numbers) {
      if (n.group !== group) {
        group = n.group;
        table.append(make("tr", { class: "group" }, make("th", { colspan: "2", scope: "colgroup" }, group)));
      }
      const name = make("th", { scope: "row" });
      name.append(markup(n.symbol));
      const value = `${withError(n.value, n.error)}${n.unit === "" ? "" : " " + plain(n.unit)}`;
      table.append(make("tr", { "data-name": `${n.group}/${n.name}` }, name, make("td", {}, value)));
    }
    const flags = found.flags.map((flag) => make("p", { class: "flags" }, flag));
    this.element.replaceChildren(...flags, table);
  }
}

export class PlotsView {
  readonly element = make("section", { class: "panel", id: "plots", "aria-label": "Curves of the position" });
  private curves: Curve[] = [];

  constructor(app: App) {
    this.empty(app.summary.map_file === null ? "The curves come with the map file (vitrail map)." : "Point at a map.");
    if (app.summary.map_file === null) return;
    const load = newestOnly((position: Position) => this.read(position));
    app.whenPositionChanges((position) => position !== null && load(position));
    new ResizeObserver(() => this.draw()).observe(this.element);
  }

  private empty(text: string): void {
    this.element.replaceChildren(make("p", { class: "empty" }, text));
  }

  private async read(position: Position): Promise<void> {
    this.curves = await getCurves(position);
    if (this.curves.length === 0) this.empty("This map file holds no profiles.");
    else this.draw();
  }

  private draw(): void {
    if (this.curves.length === 0) return;
    const width = Math.max(170, this.element.clientWidth / this.curves.length - 12);
    const height = Math.max(110, this.element.clientHeight - 14);
    this.element.replaceChildren(...this.curves.map((curve) => make("figure", {}, plot(curve, width, height))));
  }
}
