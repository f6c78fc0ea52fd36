// SPDX-License-Identifier: GPL-3.0-or-later
import { getSummary, type Summary } from "./api";
import { App } from "./app";
import { byId, complain } from "./dom";
import { number } from "./format";
import { MapGrid } from "./map_grid";
import { liveDetector } from "./map_view";
import { loadPalettes } from "./palette";
import { PatternView } from "./pattern_view";
import { NumbersView, PlotsView } from "./position_view";
import { ToolsBar } from "./tools_bar";

// What is shown first: two strains if there are any.
function firstMaps(summary: Summary): string[] {
  const names = summary.maps.map((m) => `${m.group}/${m.name}`);
  const wanted = ["strain/exx", "strain/density", "pdf/nearest", "magnetic/B", "virtual/adf", "virtual/bf"];
  const found = wanted.filter((name) => names.includes(name));
  return [...new Set([...found, ...names])].slice(0, 2);
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
  app.on("place", () => {
    if (app.region !== null) where.textContent = `region ${app.region}`;
    else if (app.position !== null) {
      const [y, x] = app.position;
      const nm = step_y !== null && step_x !== null ? ` (${number(y * step_y)}, ${number(x * step_x)} nm)` : "";
      where.textContent = `y ${y}, x ${x}${nm}${app.isHeld ? ", held" : ""}`;
    }
  });
}

// IJKL move the position, WASD the virtual detector, wherever the focus is, but in a field.
function listenToKeys(app: App, pattern: PatternView): void {
  const steps: Record<string, [number, number]> = { i: [-1, 0], k: [1, 0], j: [0, -1], l: [0, 1] };
  const detectorSteps: Record<string, [number, number]> = { w: [-1, 0], s: [1, 0], a: [0, -1], d: [0, 1] };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement) return;
    const key = event.key.toLowerCase();
    const far = event.shiftKey ? 5 : 1;
    const step = steps[key];
    const detectorStep = detectorSteps[key];
    if (step !== undefined) app.move(far * step[0], far * step[1]);
    else if (detectorStep !== undefined) pattern.move(far * detectorStep[0], far * detectorStep[1]);
    else return;
    event.preventDefault();
  });
}

function build(summary: Summary): void {
  const app = new App(summary);
  byId("files").textContent = describeFiles(summary);
  const names = firstMaps(summary);
  if (names.length === 0 && summary.recording !== null) names.push(liveDetector);
  const grid = new MapGrid(app, names);
  byId("maps").append(new ToolsBar(app, grid).element, grid.element);
  const pattern = new PatternView(app);
  byId("position").append(pattern.element, new NumbersView(app).element, new PlotsView(app).element);
  showPosition(app);
  // a virtual detector is looked at in the last map
  app.on("detector", () => {
    if (app.detector !== null && !app.shown.includes(liveDetector)) grid.last?.show(liveDetector);
  });
  if (summary.map_file === null) pattern.showDetector("disc");
  listenToKeys(app, pattern);
  app.watchFilling();
  const help = byId("help") as HTMLDialogElement;
  byId("help-button").addEventListener("click", () => help.showModal());
}

async function start(): Promise<void> {
  const [summary] = await Promise.all([getSummary(), loadPalettes()]);
  build(summary);
  document.body.dataset["ready"] = "yes";
}

start().catch(complain);
