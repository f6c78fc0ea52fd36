// SPDX-License-Identifier: GPL-3.0-or-later
// The virtual detector on the pattern: its shape, its handles, its words.

export type Shape = "none" | "disc" | "annulus" | "sector" | "polygon";

export interface Detector {
  shape: Shape;
  y: number; // centre, px
  x: number;
  inner: number;
  outer: number;
  from: number; // degrees
  to: number;
  points: [number, number][]; // y, x of a polygon
}

const short = (value: number): string => String(Number(value.toPrecision(12)));

// As vtr_virtual_parse reads it; "" for none.
export function detectorText(d: Detector): string {
  const list = (...values: number[]): string => values.map(short).join(",");
  switch (d.shape) {
    case "none":
      return "";
    case "disc":
      return "disc:" + list(d.y, d.x, d.outer);
    case "annulus":
      return "annulus:" + list(d.y, d.x, d.inner, d.outer);
    case "sector":
      return "sector:" + list(d.y, d.x, d.inner, d.outer, d.from, d.to);
    case "polygon":
      return "polygon:" + d.points.map(([y, x]) => list(y, x)).join(";");
  }
}

export function readDetector(text: string, before: Detector): Detector {
  const [shape, rest] = [text.slice(0, text.indexOf(":")), text.slice(text.indexOf(":") + 1)];
  const numbers = rest.split(/[,;]/).map(Number);
  const wrong = new Error(`'${text}' is not disc:Y,X,R, annulus:Y,X,LO,HI, sector:Y,X,LO,HI,FROM,TO or polygon:Y,X;Y,X;Y,X`);
  if (!numbers.every(Number.isFinite)) throw wrong;
  const [y, x, a, b, from, to] = numbers as [number, number, number, number, number, number];
  if (shape === "disc" && numbers.length === 3) return { ...before, shape, y, x, outer: a };
  if (shape === "annulus" && numbers.length === 4) return { ...before, shape, y, x, inner: a, outer: b };
  if (shape === "sector" && numbers.length === 6) return { ...before, shape, y, x, inner: a, outer: b, from, to };
  if (shape === "polygon" && numbers.length >= 6 && numbers.length % 2 === 0) {
    const points = numbers.filter((_, i) => i % 2 === 0).map((py, i): [number, number] => [py, numbers[2 * i + 1]!]);
    return { ...before, shape, points };
  }
  throw wrong;
}

export function moved(d: Detector, rows: number, columns: number): Detector {
  return {
    ...d,
    y: d.y + rows,
    x: d.x + columns,
    points: d.points.map(([y, x]): [number, number] => [y + rows, x + columns]),
  };
}

// What is taken hold of at a place on the pattern, px; `near` is how close to a handle counts.
export type Handle = "move" | "inner" | "outer" | "from" | "to" | number;

const angleTo = (d: Detector, y: number, x: number): number => (Math.atan2(y - d.y, x - d.x) * 180) / Math.PI;

export function handleAt(d: Detector, y: number, x: number, near: number): Handle | null {
  if (d.shape === "none") return null;
  if (d.shape === "polygon") {
    const corner = d.points.findIndex(([py, px]) => Math.hypot(py - y, px - x) <= near);
    return corner >= 0 ? corner : "move";
  }
  const r = Math.hypot(y - d.y, x - d.x);
  if (d.shape === "sector" && r > d.inner && r < d.outer) {
    for (const side of ["from", "to"] as const) {
      const turn = ((angleTo(d, y, x) - d[side] + 540) % 360) - 180;
      if (Math.abs((turn * Math.PI * r) / 180) <= near) return side;
    }
  }
  if (Math.abs(r - d.outer) <= near) return "outer";
  if (d.shape !== "disc" && Math.abs(r - d.inner) <= near) return "inner";
  return "move";
}

export function dragged(d: Detector, handle: Handle, y: number, x: number, rows: number, columns: number): Detector {
  const r = Math.hypot(y - d.y, x - d.x);
  if (typeof handle === "number") {
    return { ...d, points: d.points.map((p, i): [number, number] => (i === handle ? [y, x] : p)) };
  }
  switch (handle) {
    case "move":
      return moved(d, rows, columns);
    case "outer":
      return { ...d, outer: Math.max(r, d.shape === "disc" ? 0.5 : d.inner + 0.5) };
    case "inner":
      return { ...d, inner: Math.min(Math.max(r, 0), d.outer - 0.5) };
    case "from": {
      const from = angleTo(d, y, x);
      return { ...d, from, to: d.to - 360 * Math.ceil((d.to - from) / 360 - 1) };
    }
    case "to": {
      const to = angleTo(d, y, x);
      return { ...d, to: to + 360 * Math.ceil((d.from - to) / 360 + 1e-9) };
    }
  }
}

// A corner of a polygon taken away where it is near, else one put into the nearest side.
export function cornerChanged(d: Detector, y: number, x: number, near: number): Detector {
  const corner = d.points.findIndex(([py, px]) => Math.hypot(py - y, px - x) <= near);
  if (corner >= 0) return d.points.length > 3 ? { ...d, points: d.points.filter((_, i) => i !== corner) } : d;
  const detour = d.points.map(([ay, ax], i) => {
    const [by, bx] = d.points[(i + 1) % d.points.length]!;
    return Math.hypot(ay - y, ax - x) + Math.hypot(by - y, bx - x) - Math.hypot(ay - by, ax - bx);
  });
  const side = detour.indexOf(Math.min(...detour));
  return { ...d, points: [...d.points.slice(0, side + 1), [y, x], ...d.points.slice(side + 1)] };
}

// Its outline in px of the pattern.
export function trace(context: CanvasRenderingContext2D, d: Detector): void {
  context.beginPath();
  if (d.shape === "polygon") {
    d.points.forEach(([y, x]) => context.lineTo(x, y));
    context.closePath();
    return;
  }
  const [from, to] = d.shape === "sector" ? [(d.from * Math.PI) / 180, (d.to * Math.PI) / 180] : [0, 2 * Math.PI];
  context.arc(d.x, d.y, d.outer, from, to);
  if (d.shape === "disc") return;
  if (d.shape === "sector") context.arc(d.x, d.y, d.inner, to, from, true);
  else {
    context.moveTo(d.x + d.inner, d.y);
    context.arc(d.x, d.y, d.inner, 0, 2 * Math.PI);
    return;
  }
  context.closePath();
}
