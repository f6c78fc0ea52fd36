// SPDX-License-Identifier: GPL-3.0-or-later
// The palettes of vitrail figure, as the server gives them.
import { getPalettes } from "./api";

export type Palette = Uint8Array; // colours of 3 bytes

export const noData: [number, number, number] = [176, 176, 176];

let all = new Map<string, Palette>();

export async function loadPalettes(): Promise<void> {
  const [names, bytes, n] = await getPalettes();
  all = new Map(names.map((name, i) => [name, bytes.subarray(3 * n * i, 3 * n * (i + 1))]));
}

export const paletteNames = (): string[] => [...all.keys()];

// "auto" is diverging for signed quantities, else viridis; patterns take magma.
export function palette(name: string, automatic: string): Palette {
  const found = all.get(name === "auto" ? automatic : name);
  if (found === undefined) throw new Error(`no palette ${name}`);
  return found;
}

// Pixels of an image, RGBA, from numbers already scaled to 0 ... 1 by `scale`; NaN is no data.
export function colourise(
  out: Uint8ClampedArray,
  values: Float32Array,
  colours: Palette,
  scale: (value: number) => number,
): void {
  const last = colours.length / 3 - 1;
  for (let i = 0; i < values.length; i++) {
    const t = scale(values[i]!);
    const k = Number.isNaN(t) ? -1 : 3 * Math.round(last * Math.min(Math.max(t, 0), 1));
    out[4 * i] = k < 0 ? noData[0] : colours[k]!;
    out[4 * i + 1] = k < 0 ? noData[1] : colours[k + 1]!;
    out[4 * i + 2] = k < 0 ? noData[2] : colours[k + 2]!;
    out[4 * i + 3] = 255;
  }
}
