// SPDX-License-Identifier: GPL-3.0-or-later
// What all parts of the page share: the position looked at, and who wants to know.
import type { Position, Summary } from "./api";
import { Viewport } from "./viewport";

export class App {
  readonly viewport: Viewport;
  position: Position | null = null;
  isHeld = false;
  private readonly onPosition: ((position: Position | null) => void)[] = [];
  private readonly onView: (() => void)[] = [];

  constructor(readonly summary: Summary) {
    const [n_y, n_x] = summary.scan;
    const [step_y, step_x] = summary.step_nm;
    this.viewport = new Viewport(Math.max(n_y, 1), Math.max(n_x, 1), step_y !== null && step_x !== null ? step_y / step_x : 1);
  }

  whenPositionChanges(listener: (position: Position | null) => void): void {
    this.onPosition.push(listener);
  }

  whenViewChanges(listener: () => void): void {
    this.onView.push(listener);
  }

  viewChanged(): void {
    for (const listener of this.onView) listener();
  }

  // The pointer is over a position: shown unless another one is held.
  hover(position: Position): void {
    if (!this.isHeld) this.show(position);
  }

  hold(position: Position | null): void {
    const isSame = position !== null && this.position !== null && position[0] === this.position[0] && position[1] === this.position[1];
    this.isHeld = position !== null && !(this.isHeld && isSame);
    if (position !== null) this.show(position, true);
  }

  move(rows: number, columns: number): void {
    const [n_y, n_x] = this.summary.scan;
    if (n_y === 0 || n_x === 0) return;
    const [y, x] = this.position ?? [Math.floor(n_y / 2), Math.floor(n_x / 2)];
    this.isHeld = true;
    this.show([Math.min(Math.max(y + rows, 0), n_y - 1), Math.min(Math.max(x + columns, 0), n_x - 1)]);
  }

  private show(position: Position, force = false): void {
    const isSame = this.position !== null && position[0] === this.position[0] && position[1] === this.position[1];
    if (isSame && !force) return;
    this.position = position;
    for (const listener of this.onPosition) listener(position);
  }
}
