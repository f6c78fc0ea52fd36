// SPDX-License-Identifier: GPL-3.0-or-later
// Elements in few words.
import { unescaped } from "./format";

type Attributes = Record<string, string | boolean>;

export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(name, "");
    else if (value !== false) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

export function byId(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`the page has no ${id}`);
  return element;
}

export function select(label: string, options: string[], chosen: string, onChange: (value: string) => void): HTMLSelectElement {
  const element = make("select", { "aria-label": label, title: label });
  for (const option of options) element.append(new Option(option, option, false, option === chosen));
  element.addEventListener("change", () => onChange(element.value));
  return element;
}

export function button(text: string, title: string, onClick: () => void): HTMLButtonElement {
  const element = make("button", { type: "button", title }, text);
  element.addEventListener("click", onClick);
  return element;
}

// A button that is on or off.
export function toggle(text: string, title: string, on: boolean, onChange: (on: boolean) => void): HTMLButtonElement {
  const element = button(text, title, () => {
    const next = element.getAttribute("aria-pressed") !== "true";
    element.setAttribute("aria-pressed", String(next));
    onChange(next);
  });
  element.setAttribute("aria-pressed", String(on));
  return element;
}

let messageTimer = 0;
export function complain(error: unknown): void {
  const place = byId("message");
  place.textContent = error instanceof Error ? error.message : String(error);
  place.classList.add("shown");
  window.clearTimeout(messageTimer);
  messageTimer = window.setTimeout(() => place.classList.remove("shown"), 8000);
}

// Runs the newest of many requests: one at a time, and those that were overtaken are left out.
export function newestOnly<A>(work: (argument: A) => Promise<void>): (argument: A) => void {
  let busy = false;
  let waiting: { argument: A } | null = null;
  const run = async (argument: A): Promise<void> => {
    busy = true;
    try {
      await work(argument);
    } catch (error) {
      complain(error);
    }
    busy = false;
    const next = waiting;
    waiting = null;
    if (next !== null) void run(next.argument);
  };
  return (argument) => {
    if (busy) waiting = { argument };
    else void run(argument);
  };
}

// A canvas fitted to its place on the screen, in device pixels; drawing happens in CSS pixels.
export function fit(canvas: HTMLCanvasElement): { context: CanvasRenderingContext2D; width: number; height: number } {
  const width = canvas.clientWidth;
  const height = canvas.clientHeight;
  const ratio = window.devicePixelRatio || 1;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const context = canvas.getContext("2d");
  if (context === null) throw new Error("this browser draws no canvas");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return { context, width, height };
}

// Markup of quantities (<i>, <sub>, <sup>) as nodes; everything else in it is text, wherever a file has it from.
export function markup(text: string): DocumentFragment {
  const fragment = document.createDocumentFragment();
  const open: Node[] = [fragment];
  for (const piece of text.split(/(<\/?(?:i|sub|sup)>)/)) {
    const tag = /^<(\/?)(i|sub|sup)>$/.exec(piece);
    if (tag === null) {
      if (piece !== "") open[open.length - 1]!.appendChild(document.createTextNode(unescaped(piece)));
    } else if (tag[1] === "") {
      open.push(open[open.length - 1]!.appendChild(document.createElement(tag[2]!)));
    } else if (open.length > 1) {
      open.pop();
    }
  }
  return fragment;
}
