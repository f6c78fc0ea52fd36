#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the program with its 1st, 2nd, 3rd ... read, write, open ... on its own files failing, until the command ends without
having met the fault, and checks how it ends. See docs/reliability.md.

usage: faults.py --vitrail PROGRAM --shim SHIM.so [--most N] [--calls CALL,...] [COMMAND ...]
"""
import argparse
import errno
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import h5py
import numpy

from commands import COMMANDS, Store

SKIPPED = 77
TIMEOUT_S = 120
NEVER = 10**9
# call, fault; "+": from the N-th one on.
FAULTS = [("open", "EACCES"), ("open", "EMFILE"), ("read", "EIO"), ("read", "EINTR"), ("read", "short"), ("write", "EIO"),
          ("write", "ENOSPC+"), ("write", "EINTR"), ("write", "short"), ("fsync", "EIO"), ("rename", "EACCES"),
          ("truncate", "ENOSPC"), ("close", "EIO"), ("mmap", "ENOMEM"), ("memory", "ENOMEM")]
# These read small texts through streams or write through libtiff, which take EINTR for an error: one line says so.
NOT_ASKED_AGAIN = {"calibrate", "convert-tiff", "export", "fluctuation", "pdf-text", "run", "scratch", "structure", "thickness"}
# Several steps, each of which finishes a file: what it holds after a failure is part of what it holds in the end.
IN_STEPS = {"run"}
# Times that HDF5 and the program write.
TIMES = re.compile(rb'"date": "[^"]*"|\d{4}-\d\d-\d\dT[0-9:.+Z-]*|in [0-9.]+ m?s|[0-9.]+ (?:s|ms|GB/s|MB/s|patterns/s)\b')


def run(vitrail, argv, environment=()):
    env = dict(os.environ, LC_ALL="C", OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", **dict(environment))
    with subprocess.Popen([vitrail, *argv], env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as program:
        try:
            if argv[0] == "view" and program.stdout.readline():
                program.send_signal(signal.SIGINT)  # it serves, which it would do without end
            output, errors = program.communicate(timeout=TIMEOUT_S)
        except subprocess.TimeoutExpired:
            program.kill()
            output, errors = program.communicate()
    return subprocess.CompletedProcess(argv, program.returncode, output, errors)


def contents(path):
    """What a file holds, but for the times in it; None where there is none."""
    if not path.exists():
        return None
    if not h5py.is_hdf5(path):
        return TIMES.sub(b"", path.read_bytes())
    found = {}

    def visit(name, item):
        values = [(name, item[()] if isinstance(item, h5py.Dataset) else None)]
        values += [(f"{name}@{key}", value) for key, value in item.attrs.items()]
        for key, value in values:
            value = numpy.asarray(value)
            found[key] = str(value.tolist()) if value.dtype == object else (str(value.dtype), value.shape, value.tobytes())
    with h5py.File(path) as file:
        visit("", file)
        file.visititems(visit)
    return {key: value for key, value in found.items() if re.split("[/@]", key)[-1] not in ("date", "seconds", "UUID")}


def differences(a, b):
    if not isinstance(a, dict) or not isinstance(b, dict):
        return "the bytes"
    return sorted(key for key in a.keys() | b.keys() if a.get(key) != b.get(key))


def one_line(name, done, touched, what):
    """What is wrong with how a command failed; None when it is one clear line."""
    text = done.stderr.decode(errors="replace")
    if done.returncode != 1:
        return f"status {done.returncode}: {text}"
    if text.count("\n") != 1 or not text.startswith(f"vitrail {name}"):
        return f"not one line: {text}"
    if touched[0] == "memory":
        return None if "memory" in text else f"does not say that memory is short: {text}"
    names = {Path(line).name.removesuffix(".partial").removesuffix(".checkpoint") for line in touched}
    stems = {re.sub(r"_truth|\..*", "", one) for one in names} | names
    if not any(one and one in text for one in stems):
        return f"names none of {sorted(names)}: {text}"
    if os.strerror(getattr(errno, what)) not in text:
        return f"lacks '{os.strerror(getattr(errno, what))}': {text}"
    return None


class Case:
    def __init__(self, key, vitrail, shim, store, place):
        self.key, self.vitrail, self.shim, self.store = key, vitrail, shim, store
        self.command, self.folder, self.note = COMMANDS[key], place / "work", place / "note"
        self.argv = [*self.command.argv.replace("{}", str(self.folder)).split(), "--quiet"]
        self.before = {name: contents(store.get(name)) if name in self.command.inputs else None
                       for name in self.command.outputs}
        done = self.perform({})
        if done.returncode != 0 or done.stderr:
            sys.exit(f"{key}, undisturbed: status {done.returncode}: {done.stderr.decode()}")
        self.expected = self.outputs()
        self.printed = TIMES.sub(b"", done.stdout)
        self.listing = {p.name for p in self.folder.iterdir()}

    def outputs(self):
        return {name: contents(self.folder / name) for name in self.command.outputs}

    def perform(self, environment):
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        self.note.unlink(missing_ok=True)
        for name in self.command.inputs:
            shutil.copy(self.store.get(name), self.folder / name)
        return run(self.vitrail, self.argv, environment)

    def left_behind(self, done):
        """Files that should not be there after a failure."""
        extra = {p.name for p in self.folder.iterdir()} - self.listing
        return sorted(name for name in extra if not (name.endswith(".checkpoint") and b"--resume" in done.stderr))

    def is_whole(self, found, before, expected):
        if self.key in IN_STEPS and isinstance(found, dict):
            return "ring" in "".join(found) and found.keys() <= expected.keys()
        return found in (before, expected)

    def problem(self, done, touched, what):
        outputs = self.outputs()
        if self.left_behind(done):
            return f"leaves {self.left_behind(done)}: {done.stderr.decode()}"
        if done.returncode == 0:
            wrong = [name for name in outputs if outputs[name] != self.expected[name]]
            if wrong:
                return f"says that it is done, and {[differences(outputs[name], self.expected[name]) for name in wrong]} "\
                       "are not as without a fault"
            if TIMES.sub(b"", done.stdout) != self.printed:
                return f"says that it is done, and prints {done.stdout.decode()} in place of {self.printed.decode()}"
            return f"done, and says: {done.stderr.decode()}" if done.stderr else None
        half = [name for name in outputs if not self.is_whole(outputs[name], self.before[name], self.expected[name])]
        if half:
            return f"{half}: neither as before nor as it should be"
        if what == "short" or (what == "EINTR" and self.key not in NOT_ASKED_AGAIN):
            return f"status {done.returncode}, though nothing was lost: {done.stderr.decode()}"
        return one_line(self.argv[0], done, touched, what)

    def disturbed(self, fault, **more):
        return self.perform({"LD_PRELOAD": self.shim, "VITRAIL_FAULT": fault, "VITRAIL_FAULT_FOLDER": str(self.folder),
                             "VITRAIL_FAULT_NOTE": str(self.note), **more})

    def try_fault(self, call, n, what):
        """(was it met, what was wrong)"""
        lasting, what = "+" if what.endswith("+") else "", what.rstrip("+")
        done = self.disturbed(f"{call}:{n}{lasting}:{what}")
        if not self.note.exists():
            return False, None
        return True, self.problem(done, self.note.read_text().split("\n"), what)

    def count(self, call):
        """How many of these calls the command makes."""
        self.disturbed(f"{call}:{NEVER}:EIO", VITRAIL_FAULT_COUNT="1")
        return int(self.note.read_text())


def tried(n, most):
    """All of 1 ... n, or `most` of them with the first and the last ones."""
    if n <= most:
        return range(1, n + 1)
    ends = set(range(1, most // 3 + 1)) | set(range(n - most // 3 + 1, n + 1))
    return sorted(ends | {round(1 + i * (n - 1) / (most - 1)) for i in range(most)})


def check(case, most, calls):
    n_runs = n_bad = 0
    counts = {}
    for call, what in FAULTS:
        if calls and call not in calls:
            continue
        if call not in counts:
            counts[call] = case.count(call)
        for n in tried(counts[call], most):
            is_met, problem = case.try_fault(call, n, what)
            n_runs += is_met
            if problem:
                n_bad += 1
                print(f"{case.key}: {call} {n} of {counts[call]}: {what}: {problem.rstrip()}", flush=True)
    print(f"{case.key}: {n_runs} faults, {n_bad} ended badly; "
          + ", ".join(f"{n} {call}" for call, n in counts.items() if n), flush=True)
    return n_bad == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vitrail", required=True)
    parser.add_argument("--shim", required=True)
    parser.add_argument("--most", type=int, default=10**9, help="faults of a kind tried for a command; all unless given")
    parser.add_argument("--calls", type=lambda text: text.split(","), help="some of " + ", ".join(sorted({call for call, _ in FAULTS})))
    parser.add_argument("commands", nargs="*", help="some of " + ", ".join(COMMANDS))
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="vitrail-faults-") as place:
        place = Path(place).resolve()
        (place / "store").mkdir()
        store = Store(lambda argv: run(args.vitrail, argv), place / "store")
        results = [check(Case(key, args.vitrail, args.shim, store, place), args.most, args.calls)
                   for key in args.commands or COMMANDS]
    sys.exit(0 if all(results) else 1)


main()
