// SPDX-License-Identifier: GPL-3.0-or-later
// The maps that are looked at side by side: two to begin with, one to six.
import type { App } from "./app";
import { make } from "./dom";
import { MapView } from "./map_view";

const most = 6;

export class MapGrid {
  readonly element = make("div", { class: "grid" });
  private views: MapView[] = [];
  private made = 0;

  constructor(
    private readonly app: App,
    names: string[],
  ) {
    for (const name of names) this.add(name);
  }

  get last(): MapView | undefined {
    return this.views[this.views.length - 1];
  }

  // Another map: of the next quantity that none shows yet, unless it is named.
  add(wanted?: string): void {
    if (this.views.length >= most) return;
    const { maps } = this.app.summary;
    const names = [...maps.filter((m) => m.group === "strain"), ...maps].map((m) => `${m.group}/${m.name}`);
    const name = wanted ?? names.find((one) => !this.app.shown.includes(one)) ?? this.app.shown[0];
    if (name === undefined) return;
    const view = new MapView(this.app, name, `Map ${++this.made}`, (closed) => this.close(closed));
    this.views.push(view);
    this.element.append(view.element);
    this.arrange();
  }

  private close(view: MapView): void {
    if (this.views.length === 1) return;
    this.views = this.views.filter((one) => one !== view);
    view.close();
    this.arrange();
    this.last?.element.querySelector("select")?.focus();
  }

  private arrange(): void {
    this.element.dataset["columns"] = this.views.length > 2 ? "2" : "1";
    this.element.classList.toggle("single", this.views.length === 1);
  }

  get isFull(): boolean {
    return this.views.length >= most;
  }
}
