#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Passes of several ranks, started by a launcher on this machine.

usage: check_ranks.py CASE VITRAIL MPIEXEC
"""
import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

COMPARE = Path(__file__).parent.parent / "cli" / "compare_maps.py"
VITRAIL, MPIEXEC = sys.argv[2:4]


def run(*words, code=0):
    done = subprocess.run([str(w) for w in words], capture_output=True, text=True, check=False, timeout=240)
    if done.returncode != code:
        sys.exit(f"{words} ended with {done.returncode}, not {code}:\n{done.stdout}{done.stderr}")
    return done


def map_words(n, recording, output, *options, threads=1):
    launcher = [MPIEXEC, "-n", n] if n > 0 else []
    return [str(w) for w in (*launcher, VITRAIL, "map", recording, "-o", output, "-j", threads, *options)]


def require(is_true, sentence):
    if not is_true:
        sys.exit(sentence)


def same(a, b):
    said = run(sys.executable, COMPARE, a, b).stdout
    require("all the same" in said, f"{a} and {b}: {said}")


def one_line(done, pattern):
    lines = [line for line in (done.stdout + done.stderr).splitlines() if line]
    require(len(lines) == 1 and re.search(pattern, lines[0]), f"not one line of {pattern}: {lines}")


def simulate(name, scan, *options):
    run(VITRAIL, "simulate", "rings", "--scan", f"{scan}x{scan}", "--pattern", "48x48", "--electrons", "2e4",
        "-o", name, "-q", *options)
    run(VITRAIL, "calibrate", name, "-o", "calibration.h5", "-q", "-f", "--sample", "100")


def case_same():
    """The same values for 1, 2, 4 ranks and 1, 2 threads, with sums of integers and of floating-point numbers; and where the
    calibration is rank 0's own."""
    for kind in ("u16", "f32"):
        simulate(f"{kind}.npy", 48, "--type", kind)
        options = ["--calibration", "calibration.h5", "--sectors", "8", "--beam", "disc"]
        run(*map_words(0, f"{kind}.npy", f"{kind}.h5", *options, "-q"))
        for n, threads in ((1, 1), (2, 1), (2, 2), (4, 1), (4, 2)):
            output = f"{kind}-{n}-{threads}.h5"
            said = run(*map_words(n, f"{kind}.npy", output, *options, threads=threads))
            require(said.stdout.count("2304 of 2304 positions") == 1, f"{n} ranks: {said.stdout}")
            require(said.stderr == "", f"{n} ranks: {said.stderr}")
            same(f"{kind}.h5", output)
            require(not Path(f"{output}.checkpoint").exists(), "a checkpoint is left")
    run(*map_words(0, "u16.npy", "own.h5", "-q"))
    run(*map_words(3, "u16.npy", "own-3.h5", "-q"))
    same("own.h5", "own-3.h5")


def case_traffic():
    """What arrives was sent, and it is the results and the sums, not the patterns."""
    simulate("scan.npy", 64)
    options = ["--calibration", "calibration.h5", "--no-checkpoint", "-v"]
    said = run(*map_words(4, "scan.npy", "map.h5", *options)).stderr
    lines = re.findall(r"rank (\d+) +sent ([\d.]+) MB in (\d+) messages, received ([\d.]+) MB in (\d+)", said)
    require([line[0] for line in lines] == list("0123"), said)
    sent, received = (sum(float(line[k]) for line in lines) for k in (1, 3))
    require(abs(sent - received) < 0.005, said)
    # of each position some 50 numbers and two profiles of 34; of each rank one pattern's sums, and its calibration
    most = 4096 * (50 + 2 * 34) * 4 + 4 * 48 * 48 * (28 + 17) + 4 * 65536 * 2
    require(sent * 1e6 < most, f"{sent} MB were sent, {most * 1e-6} MB at most are expected")


def case_analyses():
    """PDFs and phases by 2 and 4 ranks: the same values in the map file, and the same words."""
    run(VITRAIL, "simulate", "two-phase", "-o", "scan.h5", "--scan", "34x34", "--pattern", "192x192", "--contrast", "0",
        "--electrons", "1e6", "-q")
    run(*map_words(0, "scan.h5", "map.h5", "-q"))
    pdf = ["--composition", "Fe85.2Si0.5B9.5P4Cu0.8", "--density", "0.0872", "--equal-sizes", "--qmax", "16", "--rstep", "0.04",
           "--peak", "1.6:3.4", "--region", "left=0:34,0:20"]
    words = {}
    for n in (0, 2, 4):
        output = f"map-{n}.h5"
        shutil.copy("map.h5", output)
        launcher = [MPIEXEC, "-n", n, VITRAIL] if n > 0 else [VITRAIL]
        words[n] = [run(*launcher, *step, output, "-j", 1).stdout
                    for step in (["pdf", *pdf], ["phases", "-k", 2, "--consensus", 2, "--starts", 2])]
        require(words[n] == words[0] and all(words[0]), f"{n} ranks say {words[n]}, not {words[0]}")
        same("map-0.h5", output)

    both = [MPIEXEC, "-n", 2, VITRAIL]
    one_line(run(*both, "phases", "map-0.h5", "-k", 5, code=2), "2 or 3 components")
    one_line(run(*both, "phases", "map.h5", code=1), "make them with vitrail pdf")
    one_line(run(*both, "pdf", "map.h5", *pdf, "--region", "bad=1:2", code=2), "bad")
    Path("profile.txt").write_text("1 2\n2 3\n", encoding="utf-8")
    one_line(run(*both, "pdf", "profile.txt", *pdf, code=2), "is no map file")


def children(process):
    """The ranks: processes that descend from this one and run vitrail."""
    parent = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            name, rest = (folder / "stat").read_text(encoding="utf-8").rsplit(")", 1)
            parent[int(folder.name)] = (int(rest.split()[1]), name.split("(", 1)[1])

    def descends(pid):
        while pid in parent and pid != process:
            pid = parent[pid][0]
        return pid == process

    return sorted(pid for pid, (_, name) in parent.items() if name == "vitrail" and descends(pid))


OPTIONS = ["--calibration", "calibration.h5", "--beam", "disc"]


def begin(n, words=None):
    """Starts a pass and waits until some of it is in the checkpoint; returns its launcher and its ranks."""
    words = words or map_words(n, "scan.npy", "map.h5", "--checkpoint", "0", *OPTIONS)
    process = subprocess.Popen([str(w) for w in words],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    checkpoint, ranks = Path("map.h5.checkpoint"), []
    until = time.monotonic() + 240
    while len(ranks) < n or not (checkpoint.exists() and checkpoint.stat().st_size > 1 << 19):
        if process.poll() is not None:
            sys.exit(f"the pass ended too soon: {process.communicate()}")
        require(time.monotonic() < until, "the pass does not get on")
        if len(ranks) < n:
            ranks = children(process.pid)
        time.sleep(0.001)
    return process, ranks


def go_on(n):
    said = run(*map_words(n, "scan.npy", "map.h5", *OPTIONS), code=1)
    require("of an interrupted pass; go on with --resume" in said.stderr, said.stderr)
    run(*map_words(n, "scan.npy", "map.h5", "--resume", "-q", *OPTIONS))
    same("whole.h5", "map.h5")
    require(not Path("map.h5.checkpoint").exists(), "a checkpoint is left")
    os.remove("map.h5")


def make_long():
    simulate("scan.npy", 96)
    run(*map_words(0, "scan.npy", "whole.h5", "-q", *OPTIONS))


def case_killed():
    """A rank is killed, the first and another: the launcher says so and ends the job; it goes on with other numbers of ranks."""
    make_long()
    for victim, before, after in ((-1, 3, 2), (0, 2, 4), (1, 4, 0)):
        process, ranks = begin(before)
        os.kill(ranks[victim], signal.SIGKILL)
        _, said = process.communicate(timeout=240)
        require(process.returncode != 0, "a killed rank passes for success")
        require(not Path("map.h5").exists(), "half a job makes a map")
        go_on(after)


# Keeps the status of a rank in a file. A signal that the launcher hands on is for the rank, not for this shell.
RECORD = """#!/bin/bash
trap '' INT TERM
(trap - INT TERM; exec "$@")
status=$?
echo $status >>statuses
exit $status
"""


def case_stopped():
    """SIGTERM and SIGINT to the launcher, which hands them on, and SIGTERM to one rank: one line, and every rank ends with 130.
    So does the launcher, but for MPICH's: signalled itself, it sometimes ends with 0 before it has heard of its ranks."""
    make_long()
    record = Path("record").absolute()
    record.write_text(RECORD, encoding="utf-8")
    record.chmod(0o755)
    for number, to_rank in ((signal.SIGTERM, False), (signal.SIGINT, False), (signal.SIGTERM, True)):
        words = map_words(3, "scan.npy", "map.h5", "--checkpoint", "0", *OPTIONS)
        if not to_rank:
            words.insert(words.index(VITRAIL), record)
        process, ranks = begin(3, words)
        os.kill(ranks[-1] if to_rank else process.pid, number)
        _, said = process.communicate(timeout=240)
        require(process.returncode in ((130,) if to_rank else (130, 0)), f"{number} ended with {process.returncode}: {said}")
        if not to_rank:
            statuses = Path("statuses").read_text(encoding="utf-8").split()
            os.remove("statuses")
            require(statuses == ["130"] * 3, f"{number}: the ranks ended with {statuses}")
        lines = [line for line in said.splitlines() if line.startswith("vitrail")]
        require(len(lines) == 1 and re.search(r"interrupted at \d+ of 9216 positions; .*--resume goes on", lines[0]), said)
        go_on(2)


def case_unreadable():
    """A recording that one rank cannot read to its end: one line, and what the others did is kept."""
    make_long()
    shutil.copy("scan.npy", "copy.npy")
    one = [VITRAIL, "map", "-o", "map.h5", "-j", 1, "--checkpoint", "0", *OPTIONS]
    process, _ = begin(2, [MPIEXEC, "-n", 1, *one, "scan.npy", ":", "-n", 1, *one, "copy.npy"])
    os.truncate("copy.npy", 4096)
    _, said = process.communicate(timeout=240)
    lines = [line for line in said.splitlines() if line]
    require(process.returncode == 1 and len(lines) == 1, f"{process.returncode}: {said}")
    require(re.search("rank 1: .*copy.npy.*; 'map.h5.checkpoint' keeps .*--resume goes on", lines[0]), said)
    go_on(3)


def case_failures():
    """One line whatever fails: at all ranks, at one of them before the pass, and within it."""
    simulate("scan.npy", 64)
    whole = os.path.getsize("scan.npy")

    both = [MPIEXEC, "-n", 2, VITRAIL]
    one_line(run(*both, "map", "none.npy", "-o", "map.h5", code=1), "cannot open 'none.npy'")
    one_line(run(*both, "map", "scan.npy", "--unknown", code=2), "unknown option '--unknown'")
    one_line(run(*both, "map", "scan.npy", code=2), "no output given")
    one_line(run(*both, "info", "scan.npy", code=2), "works as one process, and 2 were started")
    one_line(run(*both, "--version"), r"^vitrail \d")

    def differently(recording):
        one = [VITRAIL, "map", "-o", "map.h5", "-q"]
        return [MPIEXEC, "-n", 1, *one, "scan.npy", ":", "-n", 1, *one, recording]

    one_line(run(*differently("none.npy"), code=1), "rank 1: cannot open 'none.npy'")
    simulate("other.npy", 32)
    one_line(run(*differently("other.npy"), code=1), "rank 1: 'other.npy' is not the recording that rank 0 sees")
    require(os.path.getsize("scan.npy") == whole and not Path("map.h5").exists(), "a failure left a map")
    alone = dict(os.environ, OMPI_COMM_WORLD_SIZE="2", OMPI_COMM_WORLD_RANK="0")
    if "HYDRA" in run(MPIEXEC, "--version").stdout:  # MPICH's, so that Open MPI's names are another's
        said = subprocess.run([VITRAIL, "map", "scan.npy", "-o", "map.h5"], env=alone, capture_output=True, text=True,
                              check=False, timeout=240)
        require(said.returncode == 1 and "it is another MPI's launcher" in said.stderr, said.stderr)
    os.environ["VITRAIL_MPI_MODULE"] = "/nowhere/vitrail-mpi.so"
    said = run(*both, "map", "scan.npy", "-o", "map.h5", code=1).stderr
    require("cannot load the MPI module" in said and not Path("map.h5").exists(), said)


def main():
    cases = {name[5:]: function for name, function in globals().items() if name.startswith("case_")}
    # what a kill leaves is the same in memory, and need not wait for a disk
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        os.chdir(folder)
        cases[sys.argv[1]]()
        os.chdir("/")


main()
