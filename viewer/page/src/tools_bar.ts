// SPDX-License-Identifier: GPL-3.0-or-later
// What the pointer does on a map, and the same in words: every drawing can be typed too.
import { boxText, type Line } from "./api";
import type { App, RegionShape, Tool } from "./app";
import { button, complain, make, select, toggle } from "./dom";
import type { MapGrid } from "./map_grid";

const hints: Record<Tool, string> = {
  point: "",
  reference: "Reference region of the strain: drag a rectangle, or type Y0:Y1,X0:X1",
  axis: "Axis of the strain's frame: drag the handle on a strain map (with Shift in steps of 5°), turn it with the left and right keys, or type degrees from +x towards +y",
  line: "Line profile of all maps shown: drag a line, or type Y0,X0,Y1,X1,WIDTH in positions",
  region: "Mean over a region: draw it, or type Y0:Y1,X0:X1, ellipse:Y,X,RY,RX, polygon:Y,X;Y,X;... or exx<0",
};

function readBox(text: string): [number, number, number, number] {
  const match = /^\s*(\d+):(\d+),(\d+):(\d+)\s*$/.exec(text);
  if (match === null) throw new Error(`'${text}' is not Y0:Y1,X0:X1`);
  return match.slice(1).map(Number) as [number, number, number, number];
}

function readAngle(text: string): number {
  const angle = Number(text.replace("°", ""));
  if (!Number.isFinite(angle) || Math.abs(angle) > 180) throw new Error(`'${text}' is not an angle from -180 to 180 degrees`);
  return angle;
}

function readLine(text: string): Line {
  const numbers = text.split(",").map(Number);
  if (numbers.length === 4) numbers.push(1);
  if (numbers.length !== 5 || !numbers.every(Number.isFinite)) throw new Error(`'${text}' is not Y0,X0,Y1,X1,WIDTH`);
  return numbers as Line;
}

const shapes: Record<RegionShape, string> = {
  rectangle: "rectangle",
  ellipse: "ellipse",
  polygon: "polygon: click its corners, double click or Enter closes it",
};

export class ToolsBar {
  readonly element: HTMLElement;
  private readonly field: HTMLInputElement;
  private readonly width: HTMLInputElement;
  private readonly shape: HTMLSelectElement;
  private readonly buttons = new Map<Tool, HTMLButtonElement>();
  private readonly clear: HTMLButtonElement;

  constructor(
    private readonly app: App,
    grid: MapGrid,
  ) {
    const names: [Tool, string][] = [["point", "Point"]];
    if (app.summary.maps.some((map) => map.group === "strain")) names.push(["reference", "Reference"], ["axis", "Axis"]);
    if (app.summary.maps.length > 0) names.push(["line", "Line"]);
    names.push(["region", "Region"]);
    this.element = make("div", { class: "tools bar", role: "toolbar", "aria-label": "What the pointer does on a map" });
    for (const [tool, text] of names) {
      const element = button(text, hints[tool] || "Look at the position under the pointer", () => app.setTool(tool));
      this.buttons.set(tool, element);
      this.element.append(element);
    }
    this.shape = select("Shape of the region", Object.keys(shapes), "rectangle", (shape) => app.setRegionShape(shape as RegionShape));
    this.field = make("input", { class: "wide", spellcheck: "false" });
    this.field.addEventListener("change", () => this.typed());
    this.width = make("input", { class: "number", type: "number", min: "0.5", step: "0.5", title: "Width of the line, positions", "aria-label": "Width of the line in positions" });
    this.width.addEventListener("change", () => {
      const { line } = this.app;
      const width = Number(this.width.value);
      if (line !== null && width > 0) app.setLine([line[0], line[1], line[2], line[3], width]);
    });
    this.clear = button("Clear", "Take it away", () => this.set(""));
    const keep = toggle("Keep", "Keep the curves and numbers of this place, to compare with those of another: both, and their difference", false, (on) => app.keep(on));
    const add = button("+ Map", "Another map beside these", () => grid.add());
    this.element.append(this.shape, this.field, this.width, this.clear, make("span", { class: "space" }));
    if (app.summary.map_file !== null) this.element.append(keep, add);
    for (const change of ["tool", "trial", "line", "place"] as const) app.on(change, () => this.update());
    app.on("maps", () => (add.disabled = grid.isFull));
    this.update();
  }

  private update(): void {
    const { tool, trial, line, region } = this.app;
    for (const [name, element] of this.buttons) element.setAttribute("aria-pressed", String(name === tool));
    const texts: Record<Tool, string> = {
      point: "",
      reference: trial.reference === null ? "" : boxText(trial.reference),
      axis: String(this.app.axis),
      line: line === null ? "" : line.map((v) => Number(v.toFixed(2))).join(","),
      region: region ?? "",
    };
    this.field.hidden = this.clear.hidden = tool === "point";
    this.shape.hidden = tool !== "region";
    this.shape.title = shapes[this.app.regionShape];
    this.width.hidden = tool !== "line" || line === null;
    if (line !== null && document.activeElement !== this.width) this.width.value = String(line[4]);
    if (document.activeElement !== this.field) this.field.value = texts[tool];
    this.field.placeholder = hints[tool];
    this.field.title = hints[tool];
    this.field.setAttribute("aria-label", hints[tool] || "Value of the tool");
  }

  private typed(): void {
    try {
      this.set(this.field.value.trim());
    } catch (error) {
      complain(error);
    }
  }

  private set(text: string): void {
    const isNone = text === "";
    if (this.app.tool === "reference") this.app.setTrial({ reference: isNone ? null : readBox(text) });
    else if (this.app.tool === "axis") this.app.setTrial({ axis: isNone ? null : readAngle(text) });
    else if (this.app.tool === "line") this.app.setLine(isNone ? null : readLine(text));
    else if (this.app.tool === "region") this.app.setRegion(isNone ? null : text);
    if (isNone) this.update();
  }
}
