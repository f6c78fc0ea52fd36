#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ranks of one thread each make of a pass over 256 x 256 px frames of 16 bit that lie in memory: patterns per second, the
best of several rounds that take turns; what that is of one rank's, for the whole command and for what each further pattern
takes (a quarter of the recording is mapped too, and what every process pays once drops out of the difference); processor
time of all ranks, which tells what the ranks cost also on a machine that does other things; traffic. The maps are compared
before anything is timed.

usage: bench_ranks.py VITRAIL [RANKS,... [SCAN_ROWS [ROUNDS]]]
"""
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

SIDE, COLUMNS, DISTINCT_ROWS = 256, 256, 4
COMPARE = Path(__file__).resolve().parent.parent / "tests" / "cli" / "compare_maps.py"


def make(program, rows):
    """A few rows of distinct patterns, repeated; and their calibration."""
    subprocess.run([program, "simulate", "rings", "--scan", f"{DISTINCT_ROWS}x{COLUMNS}", "--pattern", f"{SIDE}x{SIDE}",
                    "-o", "few.npy", "-q"], check=True)
    subprocess.run([program, "calibrate", "few.npy", "-o", "calibration.h5", "-q"], check=True)
    few = np.load("few.npy", mmap_mode="r")
    for name, n in (("scan.npy", rows), ("quarter.npy", rows // 4)):
        scan = np.lib.format.open_memmap(name, mode="w+", dtype=few.dtype, shape=(n, COLUMNS, SIDE, SIDE))
        for first in range(0, n, DISTINCT_ROWS):
            scan[first:first + DISTINCT_ROWS] = few[:n - first]


def run(program, n, recording="scan"):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    words = ["mpiexec", "-n", str(n), program, "map", f"{recording}.npy", "-o", f"map-{n}-{recording}.h5", "-f", "-j", "1",
             "--json", "-v", "--calibration", "calibration.h5", "--profile-step", "2"]
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    busy = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    sent = sum(float(mb) for mb in re.findall(r"sent ([\d.]+) MB", done.stderr))
    return json.loads(done.stdout)["seconds"], busy, sent


def main():
    program = str(Path(sys.argv[1]).resolve())
    counts = [int(n) for n in (sys.argv[2] if len(sys.argv) > 2 else "1,2").split(",")]
    rows, rounds = (int(sys.argv[k]) if len(sys.argv) > k else default for k, default in ((3, 128), (4, 5)))
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        os.chdir(folder)
        make(program, rows)
        best = {n: run(program, n) for n in counts}
        quarter = {n: run(program, n, "quarter")[0] for n in counts}
        for n in counts[1:]:
            said = subprocess.run([sys.executable, COMPARE, f"map-{counts[0]}-scan.h5", f"map-{n}-scan.h5"], check=True,
                                  capture_output=True, text=True).stdout
            if "all the same" not in said:
                sys.exit(f"the maps differ: {said}")
        for _ in range(rounds):
            for n in counts:
                best[n] = tuple(min(pair) for pair in zip(best[n], run(program, n)))
                quarter[n] = min(quarter[n], run(program, n, "quarter")[0])
        os.chdir("/")
    positions = rows * COLUMNS
    for n in counts:
        seconds, busy, sent = best[n]
        first_seconds, further = best[counts[0]][0], {k: best[k][0] - quarter[k] for k in (counts[0], n)}
        print(f"{n:3} ranks  {positions / seconds:8.0f} patterns/s, {first_seconds / seconds:5.2f} times that of {counts[0]}, "
              f"{further[counts[0]] / further[n]:5.2f} times a further pattern; "
              f"processors {1e6 * busy / positions:6.1f} us a pattern; {1e6 * sent / positions:6.0f} bytes a pattern sent")


main()
