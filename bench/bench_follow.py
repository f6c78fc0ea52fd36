#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far vitrail map --follow is behind a microscope: a writer appends patterns of 16 bit to a raw file at a steady rate, in
pieces that end within patterns. At each second, the patterns that are written and not in the map file that stands there;
then the seconds from the last byte to the end of the pass. The map is compared with that of the complete file.

usage: bench_follow.py VITRAIL [RATE[,RATE...] [SECONDS [SIDE]]]
"""
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import h5py
import numpy as np

COLUMNS, DISTINCT_ROWS, MISSING = 100, 20, 1
PIECES_PER_SECOND, TAIL = 50, 4321


class Writer(threading.Thread):
    """Tells by the clock how many bytes have to be there, and never ends on a whole pattern before the last."""

    def __init__(self, few, rows, rate):
        super().__init__()
        self.bytes, self.n, self.rate, self.done = few, rows * COLUMNS, rate, 0
        self.frame = len(few) // (DISTINCT_ROWS * COLUMNS)
        self.start_s = self.end_s = self.latest_s = 0.0

    def piece(self, first, last):
        period = len(self.bytes)
        out = bytearray()
        while first < last:
            at = first % period
            n = min(period - at, last - first)
            out += self.bytes[at:at + n]
            first += n
        return out

    def run(self):
        total, written = self.n * self.frame, 0
        with open("scan.raw", "ab", buffering=0) as file:
            self.start_s = time.monotonic()
            while written < total:
                due_s = time.monotonic() - self.start_s
                due = min(total, int(due_s * self.rate) * self.frame + TAIL % self.frame)
                file.write(self.piece(written, due))
                written = due
                self.done = written // self.frame
                # how late the writer itself is: it has to keep its rate for the figures to mean anything
                self.latest_s = max(self.latest_s, time.monotonic() - self.start_s - due_s)
                time.sleep(1 / PIECES_PER_SECOND)
            self.end_s = time.monotonic()


def shown():
    """Positions that the map file under the final name has; None: there is none yet."""
    try:
        with h5py.File("followed.h5", "r") as file:
            return int(np.count_nonzero(file["entry/ring/flags"][()] & MISSING == 0))
    except OSError:
        return None


def same(a, b):
    """Datasets that differ."""
    names = []
    with h5py.File(a, "r") as first, h5py.File(b, "r") as second:
        def visit(name, item):
            if isinstance(item, h5py.Dataset) and not name.startswith("entry/process"):
                x, y = item[()], second[name][()]
                if not (np.array_equal(x, y, equal_nan=True) if getattr(x, "dtype", None) is not None and x.dtype.kind == "f" else np.all(x == y)):
                    names.append(name)
        first.visititems(visit)
    return names


def follow(program, few, rate, seconds, side):
    rows = max(1, round(rate * seconds / COLUMNS))
    words = [program, "map", "scan.raw", "--shape", f"{rows}x{COLUMNS}x{side}x{side}", "--type", "u16", "--calibration",
             "calibration.h5", "--no-checkpoint", "-f"]
    Path("scan.raw").write_bytes(b"")
    Path("followed.h5").unlink(missing_ok=True)
    writer = Writer(few, rows, rate)
    followed = subprocess.Popen([*words, "-o", "followed.h5", "--follow", "--follow-update", "1", "-q"])
    writer.start()
    behind, second = [], 1
    while followed.poll() is None:
        if writer.start_s > 0 and writer.is_alive() and time.monotonic() - writer.start_s >= second:
            there = shown()
            behind.append(writer.done - (there or 0))
            second += 1
        time.sleep(0.005)
    writer.join()
    end_s = time.monotonic() - writer.end_s
    if followed.returncode != 0:
        sys.exit("the pass failed")
    subprocess.run([*words, "-o", "whole.h5", "-q"], check=True)
    differing = same("whole.h5", "followed.h5")
    print(f"{rate} patterns/s of {side} x {side} px, {rows * COLUMNS} patterns in {writer.end_s - writer.start_s:.2f} s "
          f"(a piece at most {1e3 * writer.latest_s:.0f} ms in writing)")
    print(f"  behind at each second: {' '.join(map(str, behind))}")
    print(f"  end {end_s:.2f} s after the last pattern; " + (f"differs in {differing}" if differing else "map as of the complete file"))
    os.unlink("scan.raw")
    return not differing


def main():
    program = str(Path(sys.argv[1]).resolve())
    rates = [int(rate) for rate in (sys.argv[2] if len(sys.argv) > 2 else "300,10000").split(",")]
    seconds, side = (int(sys.argv[k]) if len(sys.argv) > k else default for k, default in ((3, 10), (4, 64)))
    # in memory where there is room to write: a disk that cannot keep up is not what is asked about
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        os.chdir(folder)
        subprocess.run([program, "simulate", "rings", "--scan", f"{DISTINCT_ROWS}x{COLUMNS}", "--pattern", f"{side}x{side}",
                        "-o", "few.npy", "-q"], check=True)
        subprocess.run([program, "calibrate", "few.npy", "-o", "calibration.h5", "-q"], check=True)
        few = np.load("few.npy").tobytes()
        is_good = all([follow(program, few, rate, seconds, side) for rate in rates])
        os.chdir("/")
    sys.exit(0 if is_good else 1)


main()
