// SPDX-License-Identifier: GPL-3.0-or-later
// What the pointer does on a map, and the same in words: every drawing can be typed too.
import { boxText, type Line } from "./api";
import type { App, Tool } from "./app";
import { button, complain, make, toggle } from "./dom";

const hints: Record<Tool, string> = {
  point: "",
  reference: "Reference region of the strain: drag a rectangle, or type Y0:Y1,X0:X1",
  line: "Line profile: drag a line, or type Y0,X0,Y1,X1,WIDTH in positions",
  region: "Mean over a region: drag a rectangle, with Shift an ellipse, or type Y0:Y1,X0:X1, polygon:Y,X;Y,X;... or exx<0",
};

function readBox(text: string): [number, number, number, number] {
  const match = /^\s*(\d+):(\d+),(\d+):(\d+)\s*$/.exec(text);
  if (match === null) throw new Error(`'${text}' is not Y0:Y1,X0:X1`);
  return match.slice(1).map(Number) as [number, number, number, number];
}

function readLine(text: string): Line {
  const numbers = text.split(",").map(Number);
  if (numbers.length === 4) numbers.push(1);
  if (numbers.length !== 5 || !numbers.every(Number.isFinite)) throw new Error(`'${text}' is not Y0,X0,Y1,X1,WIDTH`);
  return numbers as Line;
}

export class ToolsBar {
  readonly element: HTMLElement;
  private readonly field: HTMLInputElement;
  private readonly axis: HTMLInputElement;
  private readonly buttons = new Map<Tool, HTMLButtonElement>();
  private readonly clear: HTMLButtonElement;

  constructor(private readonly app: App) {
    const names: [Tool, string][] = [["point", "Point"]];
    if (app.summary.maps.some((map) => map.group === "strain")) names.push(["reference", "Reference"]);
    if (app.summary.maps.length > 0) names.push(["line", "Line"]);
    names.push(["region", "Region"]);
    this.element = make("div", { class: "tools bar", role: "toolbar", "aria-label": "What the pointer does on a map" });
    for (const [tool, text] of names) {
      const element = button(text, hints[tool] || "Look at the position under the pointer", () => app.setTool(tool));
      this.buttons.set(tool, element);
      this.element.append(element);
    }
    this.field = make("input", { class: "wide", spellcheck: "false" });
    this.field.addEventListener("change", () => this.typed());
    this.clear = button("Clear", "Take it away", () => this.set(""));
    this.axis = make("input", { class: "number", inputmode: "decimal", title: "Axis of the strain's frame, degrees from +x towards +y", "aria-label": "Axis of the strain in degrees", placeholder: "axis °" });
    this.axis.addEventListener("change", () => {
      const axis = this.axis.value.trim() === "" ? null : Number(this.axis.value);
      if (axis !== null && !Number.isFinite(axis)) complain(`'${this.axis.value}' is not an angle`);
      else app.setTrial({ axis });
    });
    const keep = toggle("Keep", "Keep the curves and numbers of this place, to compare with those of another", false, (on) => app.keep(on));
    this.element.append(this.field, this.clear, this.axis, make("span", { class: "space" }));
    if (app.summary.map_file !== null) this.element.append(keep);
    for (const change of ["tool", "trial", "line", "place"] as const) app.on(change, () => this.update());
    this.update();
  }

  private update(): void {
    const { tool, trial, line, region } = this.app;
    for (const [name, element] of this.buttons) element.setAttribute("aria-pressed", String(name === tool));
    const texts: Record<Tool, string> = {
      point: "",
      reference: trial.reference === null ? "" : boxText(trial.reference),
      line: line === null ? "" : line.map((v) => Number(v.toFixed(2))).join(","),
      region: region ?? "",
    };
    this.field.hidden = this.clear.hidden = tool === "point";
    this.axis.hidden = tool !== "reference";
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
    else if (this.app.tool === "line") this.app.setLine(isNone ? null : readLine(text));
    else if (this.app.tool === "region") this.app.setRegion(isNone ? null : text);
    if (isNone) this.field.value = "";
  }
}
