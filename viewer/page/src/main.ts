// SPDX-License-Identifier: GPL-3.0-or-later
import { getSummary, type Summary } from "./api";
import { App } from "./app";
import { byId, complain } from "./dom";
import { number } from "./format";
import { MapView } from "./map_view";
import { loadPalettes } from "./palette";
import { PatternView } from "./pattern_view";
import { NumbersView, PlotsView } from "./position_view";

// What is shown first: two strains if there are any.
function firstMaps(summary: Summary): string[] {
  const names = summary.maps.map((m) => `${m.group}/${m.name}`);
  const wanted = ["strain/exx", "strain/density", "pdf/nearest", "magnetic/B", "virtual/adf", "virtual/bf"];
  const found = wanted.filter((name) => names.includes(name));
  return [...found, ...names].slice(0, 2);
}

function describeFiles(summary: Summary): string {
  const [n_y, n_x] = summary.scan;
  const [det_y, det_x] = summary.detector;
  const files = [summary.map_file, summary.recording].filter((name) => name !== null).join(" + ");
  const patterns = det_y > 0 ? `, ${det_y} × ${det_x} px` : "";
  return `${files}: ${n_y} × ${n_x} positions${patterns}`;
}

function showPosition(app: App): void {
  const where = byId("where");
  const [step_y, step_x] = app.summary.step_nm;
  app.whenPositionChanges((position) => {
    if (position === null) return;
    const [y, x] = position;
    const nm = step_y !== null && step_x !== null ? ` (${number(y * step_y)}, ${number(x * step_x)} nm)` : "";
    where.textContent = `y ${y}, x ${x}${nm}${app.isHeld ? ", held" : ""}`;
  });
}

// IJKL move the position wherever the focus is, but in a field.
function listenToKeys(app: App): void {
  const steps: Record<string, [number, number]> = { i: [-1, 0], k: [1, 0], j: [0, -1], l: [0, 1] };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement) return;
    const step = steps[event.key.toLowerCase()];
    if (step === undefined) return;
    const far = event.shiftKey ? 5 : 1;
    app.move(far * step[0], far * step[1]);
    event.preventDefault();
  });
}

function build(summary: Summary): void {
  const app = new App(summary);
  byId("files").textContent = describeFiles(summary);
  const maps = byId("maps");
  firstMaps(summary).forEach((name, i) => maps.append(new MapView(app, name, `Map ${i + 1}`).element));
  byId("position").append(new PatternView(app).element, new NumbersView(app).element, new PlotsView(app).element);
  showPosition(app);
  listenToKeys(app);
  const help = byId("help") as HTMLDialogElement;
  byId("help-button").addEventListener("click", () => help.showModal());
}

async function start(): Promise<void> {
  const [summary] = await Promise.all([getSummary(), loadPalettes()]);
  build(summary);
  document.body.dataset["ready"] = "yes";
}

start().catch(complain);
