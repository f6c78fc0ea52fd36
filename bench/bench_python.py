#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What mapping from Python costs beyond the command line, on a recording of 2 GiB that lies in memory: both map the same file
in turns, and of every turn the ratio of the two is taken. Told are the medians: of the call alone, as in a notebook, and
of whole processes, of which Python's also starts the interpreter and loads the package; and of the processes' processor
time, which tells what Python costs also on a machine that does other things. The maps are compared first.

usage: bench_python.py VITRAIL [ROUNDS [SCAN_ROWS]]
needs PYTHONPATH, VITRAIL_API and VITRAIL_LIBRARY where the package is not installed (tests/python/CMakeLists.txt sets them)
"""
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import h5py
import numpy as np

SIDE, COLUMNS, DISTINCT_ROWS = 256, 128, 4
CALL = """
import time, vitrail
start = time.monotonic()
vitrail.map(vitrail.open("scan.npy"), "python.h5", force=True, progress=False)
print(time.monotonic() - start)
"""


def make(program, rows):
    """A few rows of distinct patterns, repeated."""
    subprocess.run([program, "simulate", "rings", "--scan", f"{DISTINCT_ROWS}x{COLUMNS}", "--pattern", f"{SIDE}x{SIDE}",
                    "-o", "few.npy", "-q"], check=True)
    few = np.load("few.npy", mmap_mode="r")
    scan = np.lib.format.open_memmap("scan.npy", mode="w+", dtype=few.dtype, shape=(rows, COLUMNS, SIDE, SIDE))
    for first in range(0, rows, DISTINCT_ROWS):
        scan[first:first + DISTINCT_ROWS] = few[:rows - first]
    return scan.nbytes


def numbers(path):
    """Every number of a map file as bytes, but of how it was made."""
    found = {}

    def visit(name, item):
        if isinstance(item, h5py.Dataset) and item.dtype.kind in "fiu" and "/process/" not in name:
            found[name] = item[()].tobytes()

    with h5py.File(path) as file:
        file.visititems(visit)
    return found


def busy_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def timed(*words):
    """Seconds of a process, those of processors in it, and what it printed."""
    start, before = time.monotonic(), busy_seconds()
    printed = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    return time.monotonic() - start, busy_seconds() - before, printed


def turn(program, is_python_first):
    """What the command line's process took, (seconds, of processors); and Python's, (seconds, of processors, of the call)."""
    order = [("python", (sys.executable, "-c", CALL)),
             ("command", (program, "map", "scan.npy", "-o", "command.h5", "-f", "-q", "--no-checkpoint"))]
    done = {name: timed(*words) for name, words in (order if is_python_first else reversed(order))}
    return done["command"][:2], (*done["python"][:2], float(done["python"][2]))


def main():
    program = str(Path(sys.argv[1]).resolve())
    rounds, rows = (int(sys.argv[k]) if len(sys.argv) > k else default for k, default in ((2, 9), (3, 128)))
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        os.chdir(folder)
        size = make(program, rows)
        turn(program, False)
        if numbers("command.h5") != numbers("python.h5"):
            sys.exit("the maps differ")
        turns = [turn(program, i % 2 == 0) for i in range(rounds)]
        os.chdir("/")
    seconds, busy = (statistics.median(command[k] for command, _ in turns) for k in range(2))
    print(f"{size / 2**30:.2f} GiB, {rows * COLUMNS} patterns; the command line takes {seconds:.2f} s, {busy:.2f} s of processors "
          f"(medians of {rounds})")
    for what, mine, theirs in (("the call", 2, 0), ("the process", 0, 0), ("processors", 1, 1)):
        ratios = sorted(python[mine] / command[theirs] for command, python in turns)
        print(f"{what:12} {statistics.median(ratios):6.3f} times the command line's, {ratios[0]:.3f} to {ratios[-1]:.3f}")


if __name__ == "__main__":
    main()
