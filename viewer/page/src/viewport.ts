// SPDX-License-Identifier: GPL-3.0-or-later
// Which part of the scan is seen: shared by all maps, so that they show the same place.

export interface Place {
  left: number; // of the position (0, 0)'s corner, CSS px
  top: number;
  x: number; // CSS px per position
  y: number;
}

export class Viewport {
  zoom = 1;
  // middle of what is seen, in positions
  middle: [number, number];

  // `aspect`: height of a position over its width
  constructor(
    readonly n_y: number,
    readonly n_x: number,
    readonly aspect: number,
  ) {
    this.middle = [n_y / 2, n_x / 2];
  }

  reset(): void {
    this.zoom = 1;
    this.middle = [this.n_y / 2, this.n_x / 2];
  }

  // Where the scan lies in an area of the screen.
  place(width: number, height: number): Place {
    const x = this.zoom * Math.min(width / this.n_x, height / (this.n_y * this.aspect));
    const y = x * this.aspect;
    return { x, y, left: width / 2 - x * this.middle[1], top: height / 2 - y * this.middle[0] };
  }

  zoomBy(factor: number, at: [number, number]): void {
    const before = this.zoom;
    this.zoom = Math.min(Math.max(before * factor, 1), 200);
    const ratio = before / this.zoom;
    this.middle = [at[0] + (this.middle[0] - at[0]) * ratio, at[1] + (this.middle[1] - at[1]) * ratio];
    this.keepInside();
  }

  panBy(rows: number, columns: number): void {
    this.middle = [this.middle[0] + rows, this.middle[1] + columns];
    this.keepInside();
  }

  private keepInside(): void {
    if (this.zoom === 1) this.reset();
    this.middle = [
      Math.min(Math.max(this.middle[0], 0), this.n_y),
      Math.min(Math.max(this.middle[1], 0), this.n_x),
    ];
  }
}
