// SPDX-License-Identifier: GPL-3.0-or-later
// Two places compared: the difference of their numbers and curves, with its error, the two taken as independent.
import type { Curve, NumberOfPosition } from "./api";

const both = (a: number | null | undefined, b: number | null | undefined): number => Math.hypot(a ?? NaN, b ?? NaN);

// Of directions the shortest way from one to the other.
export function differenceOf(a: NumberOfPosition, b: NumberOfPosition): { value: number; error: number } {
  const value = (a.value ?? NaN) - (b.value ?? NaN);
  return { value: a.period > 0 ? value - a.period * Math.round(value / a.period) : value, error: both(a.error, b.error) };
}

// Null where they are not on the same axis, as lines of two lengths are not.
export function difference(a: Curve, b: Curve): Curve | null {
  if (a.x.length !== b.x.length || a.x.some((x, i) => Math.abs(x - b.x[i]!) > 1e-6 * Math.abs(x))) return null;
  return { ...a, y: a.y.map((y, i) => y - b.y[i]!), error: a.error.map((e, i) => both(e, b.error[i])) };
}
