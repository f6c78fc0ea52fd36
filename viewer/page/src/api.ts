// SPDX-License-Identifier: GPL-3.0-or-later
// What the server answers, and how it is asked. Addresses are relative, because the token stands before them.

export interface Summary {
  version: string;
  map_file: string | null;
  recording: string | null;
  scan: [number, number];
  detector: [number, number];
  step_nm: [number | null, number | null];
  format?: string;
  type?: string;
  bytes?: number;
  k_step_inv_angstrom?: [number | null, number | null];
  calibration: Calibration | null;
  maps: { group: string; name: string }[];
  reference?: [number, number, number, number];
}

export interface Calibration {
  centre_px: [number, number];
  w: [number, number, number];
  annulus_px: [number, number];
  radius_px: number;
  k_step_inv_angstrom: number | null;
  beam_radius_px: number | null;
}

export interface MapDescription {
  group: string;
  name: string;
  symbol: string;
  unit: string;
  factor: number;
  signed: boolean;
  from_zero: boolean;
  n_y: number;
  n_x: number;
  step_nm: [number | null, number | null];
  has_errors: boolean;
}

export interface MapData extends MapDescription {
  values: Float32Array;
  errors: Float32Array | null;
}

export interface Ellipse {
  centre_px: [number, number];
  wxx: number;
  wyy: number;
  wxy: number;
  radius_px: number;
}

export interface Pattern {
  det_y: number;
  det_x: number;
  minimum: number | null;
  maximum: number | null;
  sum: number;
  ellipse?: Ellipse | null;
  values: Float32Array;
}

export interface NumberOfPosition {
  group: string;
  name: string;
  symbol: string;
  unit: string;
  value: number | null;
  error: number | null;
}

export interface Numbers {
  y: number;
  x: number;
  flags: string[];
  numbers: NumberOfPosition[];
}

export interface Curve {
  title: string;
  x_label: string;
  y_label: string;
  x: Float32Array;
  y: Float32Array;
  error: Float32Array;
}

export type Position = [number, number]; // y, x

export type Arguments = Record<string, string | number>;

function address(path: string, args: Arguments): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(args)) query.set(name, String(value));
  const text = query.toString();
  return "api/" + path + (text === "" ? "" : "?" + text);
}

async function ask(path: string, args: Arguments, init?: RequestInit): Promise<Response> {
  const response = await fetch(address(path, args), init);
  if (response.ok) return response;
  let sentence = `${response.status} ${response.statusText}`;
  try {
    sentence = ((await response.json()) as { error: string }).error;
  } catch {
    // an answer without a sentence keeps its status line
  }
  throw new Error(sentence);
}

async function askJson<T>(path: string, args: Arguments = {}): Promise<T> {
  return (await (await ask(path, args)).json()) as T;
}

// A description and the bytes after it; see view_answer_arrays in answer.h.
async function askArrays<T>(path: string, args: Arguments = {}, init?: RequestInit): Promise<[T, ArrayBuffer]> {
  const bytes = await (await ask(path, args, init)).arrayBuffer();
  const n = new DataView(bytes).getUint32(0, true);
  const text = new TextDecoder().decode(new Uint8Array(bytes, 4, n));
  return [JSON.parse(text) as T, bytes.slice(4 + n)];
}

export const getSummary = (): Promise<Summary> => askJson<Summary>("summary");

export async function getMap(group: string, name: string): Promise<MapData> {
  const [d, bytes] = await askArrays<MapDescription>("map", { name: `${group}/${name}` });
  const n = d.n_y * d.n_x;
  const values = new Float32Array(bytes, 0, n);
  return { ...d, values, errors: d.has_errors ? new Float32Array(bytes, 4 * n, n) : null };
}

const placeOf = (position: Position | null): Arguments =>
  position === null ? {} : { y: position[0], x: position[1] };

export async function getPattern(position: Position | null): Promise<Pattern> {
  const [d, bytes] = await askArrays<Omit<Pattern, "values">>("pattern", placeOf(position));
  return { ...d, values: new Float32Array(bytes) };
}

export async function getMask(): Promise<Uint8Array> {
  return new Uint8Array(await (await ask("mask", {})).arrayBuffer());
}

export const getNumbers = (position: Position): Promise<Numbers> => askJson<Numbers>("numbers", placeOf(position));

export async function getCurves(position: Position): Promise<Curve[]> {
  type Description = { curves: { title: string; x_label: string; y_label: string; n: number }[] };
  const [d, bytes] = await askArrays<Description>("curves", placeOf(position));
  let at = 0;
  const take = (n: number): Float32Array => {
    const array = new Float32Array(bytes, at, n);
    at += 4 * n;
    return array;
  };
  return d.curves.map((c) => ({ ...c, x: take(c.n), y: take(c.n), error: take(c.n) }));
}

export async function getPalettes(): Promise<[string[], Uint8Array, number]> {
  const [d, bytes] = await askArrays<{ names: string; colours: number }>("palettes");
  return [d.names.split("|"), new Uint8Array(bytes), d.colours];
}
