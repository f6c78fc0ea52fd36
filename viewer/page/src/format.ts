// SPDX-License-Identifier: GPL-3.0-or-later
// Numbers and axes in words.

// Four significant digits, a true minus sign.
export function number(value: number | null, digits = 4): string {
  if (value === null || !Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  const text = value === 0 ? "0" : size >= 1e6 || size < 1e-4 ? value.toExponential(digits - 1) : value.toPrecision(digits);
  return text.replace("e+", "e").replace(/-/g, "\u2212");
}

// Counts of electrons are whole numbers, those of other cameras are not.
export function counts(value: number | null): string {
  return value !== null && Number.isInteger(value) ? String(value) : number(value, 6);
}

// A value to the place of its error's second digit: "0.512 ± 0.021".
export function withError(value: number | null, error: number | null): string {
  if (value === null || !Number.isFinite(value)) return "–";
  if (error === null || !Number.isFinite(error) || error <= 0) return number(value);
  const places = 1 - Math.floor(Math.log10(error));
  if (places < 0 || places > 12) return `${number(value)} ± ${number(error, 2)}`;
  return `${value.toFixed(places).replace("-", "\u2212")} ± ${error.toFixed(places)}`;
}

// Round numbers from low to high, about n of them: steps of 1, 2 or 5 times a power of ten.
export function ticks(low: number, high: number, n: number): number[] {
  if (!(high > low)) return [];
  const rough = (high - low) / n;
  const power = Math.pow(10, Math.floor(Math.log10(rough)));
  const step = power * ([1, 2, 5, 10].find((s) => s * power >= rough) ?? 10);
  const out: number[] = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + 1e-9 * step; i++) out.push(i * step);
  return out;
}

export function tickText(value: number, values: number[]): string {
  const step = values.length > 1 ? Math.abs(values[1]! - values[0]!) : 1e-3 * Math.pow(10, Math.ceil(Math.log10(Math.abs(value || 1))));
  if (value === 0) return "0";
  const size = Math.max(...values.map(Math.abs));
  if (size >= 1e6 || size < 1e-3) {
    const digits = Math.max(0, Math.floor(Math.log10(Math.abs(value))) - Math.floor(Math.log10(step) + 1e-9));
    return value.toExponential(digits).replace("e+", "e").replace(/-/g, "\u2212");
  }
  const places = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  return value.toFixed(places).replace("-", "\u2212");
}

// The largest of 1, 2, 5 times a power of ten up to `limit`.
export function roundBelow(limit: number): number {
  const power = Math.pow(10, Math.floor(Math.log10(limit)));
  return power * ([5, 2, 1].find((s) => s * power <= limit) ?? 1);
}

export function length(nm: number): string {
  return nm >= 1000 ? `${nm / 1000} µm` : `${Number(nm.toPrecision(6))} nm`;
}

// What stands for the characters of markup, within a text without tags.
export function unescaped(text: string): string {
  const entities: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"' };
  return text.replace(/&(amp|lt|gt|quot);/g, (_, name: string) => entities[name]!);
}

// <i>ε</i><sub>xx</sub> as plain text, for canvases and lists.
export function plain(markup: string): string {
  const raised: Record<string, string> = { "2": "²", "3": "³", "\u22126": "⁻⁶" };
  return unescaped(
    markup
      .replace(/<sup>(.*?)<\/sup>/g, (_, s: string) => raised[s] ?? "^" + s)
      .replace(/<[^>]*>/g, ""),
  );
}
