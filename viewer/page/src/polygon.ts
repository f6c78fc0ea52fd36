// SPDX-License-Identifier: GPL-3.0-or-later
// A polygon that is being drawn corner by corner, on a map or on a pattern.

export type Corner = [number, number]; // y, x

export class PolygonDrawing {
  corners: Corner[] = [];
  pointer: Corner | null = null;

  get isBegun(): boolean {
    return this.corners.length > 0;
  }

  // Adds a corner; closes at the first one. `near` is how close to it counts. The polygon where it is done, else null.
  add(corner: Corner, near: number): Corner[] | null {
    const [first] = this.corners;
    const isClosing = first !== undefined && Math.hypot(first[0] - corner[0], first[1] - corner[1]) <= near;
    if (isClosing && this.corners.length >= 3) return this.close();
    const last = this.corners[this.corners.length - 1];
    // the second click of a double click
    if (last === undefined || last[0] !== corner[0] || last[1] !== corner[1]) this.corners.push(corner);
    return null;
  }

  // Of three corners or more.
  close(): Corner[] | null {
    if (this.corners.length < 3) return null;
    const done = this.corners;
    this.cancel();
    return done;
  }

  cancel(): void {
    this.corners = [];
    this.pointer = null;
  }

  // The open line so far, to the pointer; `at` gives places on the canvas as (x, y).
  trace(context: CanvasRenderingContext2D, at: (corner: Corner) => [number, number]): void {
    context.beginPath();
    for (const corner of [...this.corners, ...(this.pointer === null ? [] : [this.pointer])]) context.lineTo(...at(corner));
    for (const corner of this.corners) {
      const [x, y] = at(corner);
      context.moveTo(x + 3, y);
      context.arc(x, y, 3, 0, 2 * Math.PI);
    }
  }
}
