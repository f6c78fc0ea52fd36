// SPDX-License-Identifier: GPL-3.0-or-later
// What the server answers, and how it is asked. Addresses are relative, because the token stands before them.

export interface Summary {
  version: string;
  map_file: string | null;
  recording: string | null;
  reading: number; // how often the map file was opened
  is_filling: boolean; // it has missing positions, which may still come
  scan: [number, number];
  detector: [number, number];
  step_nm: [number | null, number | null];
  format?: string;
  type?: string;
  bytes?: number;
  k_step_inv_angstrom?: [number | null, number | null];
  calibration: Calibration | null;
  centre_px?: [number, number]; // of a recording alone, roughly: x, y
  maps: { group: string; name: string }[];
  reference?: [number, number, number, number];
  axis?: number; // of the strain, degrees
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
  averaged?: number; // patterns of a region
  ellipse?: Ellipse | null;
  values: Float32Array;
}

export interface NumberOfPosition {
  group: string;
  name: string;
  symbol: string;
  unit: string;
  value: number | null;
  period: number; // of directions, degrees; 0: a plain number
  error?: number | null; // of a position; of the mean over a region
  spread?: number | null; // of a region: standard deviation of its positions, and how many have a value
  n?: number;
}

export interface Numbers {
  y?: number;
  x?: number;
  n?: number;
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

// What is looked at: a position, or a region in the words of vitrail pdf --region; null: everything.
export type Place = Position | string | null;

// The strain's reference region (y0, y1, x0, x1) and axis (degrees) in place of those of the map file.
export interface Trial {
  reference: [number, number, number, number] | null;
  axis: number | null;
}

// An answer that a newer question made needless.
export class Overtaken extends Error {}

export type Arguments = Record<string, string | number>;

function address(path: string, args: Arguments): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(args)) query.set(name, String(value));
  const text = query.toString();
  return "api/" + path + (text === "" ? "" : "?" + text);
}

async function ask(path: string, args: Arguments, init?: RequestInit): Promise<Response> {
  const response = await fetch(address(path, args), init);
  const isOvertaken = response.status === 202; // by a newer question
  if (response.ok && !isOvertaken) return response;
  let sentence = `${response.status} ${response.statusText}`;
  try {
    sentence = ((await response.json()) as { error: string }).error;
  } catch {
    // an answer without a sentence keeps its status line
  }
  if (isOvertaken) throw new Overtaken(sentence);
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

function withArrays<T extends MapDescription>(description: T, bytes: ArrayBuffer): T & MapData {
  const n = description.n_y * description.n_x;
  const values = new Float32Array(bytes, 0, n);
  return { ...description, values, errors: description.has_errors ? new Float32Array(bytes, 4 * n, n) : null };
}

const trialArguments = (trial: Trial): Arguments => ({
  ...(trial.reference === null ? {} : { reference: boxText(trial.reference) }),
  ...(trial.axis === null ? {} : { axis: trial.axis }),
});

export const boxText = (box: [number, number, number, number]): string => `${box[0]}:${box[1]},${box[2]}:${box[3]}`;

const post: RequestInit = { method: "POST" };

// A map of the file; of the strain with another reference or axis, where there is one.
export async function getMap(group: string, name: string, trial: Trial): Promise<MapData> {
  const args = group === "strain" ? trialArguments(trial) : {};
  const [d, bytes] =
    Object.keys(args).length > 0
      ? await askArrays<MapDescription>("strain", { name, ...args }, post)
      : await askArrays<MapDescription>("map", { name: `${group}/${name}` });
  return withArrays(d, bytes);
}

export interface DetectorImage extends MapData {
  stride: number;
  n_pixels: number;
}

export async function getVirtual(detector: string, stride: number): Promise<DetectorImage> {
  type Description = MapDescription & { stride: number; n_pixels: number };
  const [d, bytes] = await askArrays<Description>("virtual", { detector, stride }, post);
  return withArrays(d, bytes);
}

export const getStatus = (): Promise<Pick<Summary, "reading" | "is_filling">> => askJson("status");

export const getProgress = async (): Promise<number> => (await askJson<{ virtual: number }>("progress")).virtual;

const placeOf = (place: Place): Arguments =>
  place === null ? {} : typeof place === "string" ? { region: place } : { y: place[0], x: place[1] };

export async function getPattern(place: Place): Promise<Pattern> {
  const [d, bytes] = await askArrays<Omit<Pattern, "values">>("pattern", placeOf(place));
  return { ...d, values: new Float32Array(bytes) };
}

export async function getMask(): Promise<Uint8Array> {
  return new Uint8Array(await (await ask("mask", {})).arrayBuffer());
}

export const getNumbers = (place: Place, trial: Trial): Promise<Numbers> =>
  askJson<Numbers>("numbers", { ...placeOf(place), ...trialArguments(trial) });

async function askCurves(path: string, args: Arguments): Promise<Curve[]> {
  type Description = { curves: { title: string; x_label: string; y_label: string; n: number }[] };
  const [d, bytes] = await askArrays<Description>(path, args);
  let at = 0;
  const take = (n: number): Float32Array => {
    const array = new Float32Array(bytes, at, n);
    at += 4 * n;
    return array;
  };
  return d.curves.map((c) => ({ ...c, x: take(c.n), y: take(c.n), error: take(c.n) }));
}

export const getCurves = (place: Place): Promise<Curve[]> => askCurves("curves", placeOf(place));

// y0, x0, y1, x1, width in positions
export type Line = [number, number, number, number, number];

export const getLine = (name: string, line: Line, trial: Trial): Promise<Curve[]> =>
  askCurves("line", { name, line: line.join(","), ...(name.startsWith("strain/") ? trialArguments(trial) : {}) });

export async function getPalettes(): Promise<[string[], Uint8Array, number]> {
  const [d, bytes] = await askArrays<{ names: string; colours: number }>("palettes");
  return [d.names.split("|"), new Uint8Array(bytes), d.colours];
}
