#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs command-line cases: a shell script each, with what it must print beside it. See README.md here.

usage: run.py [--record | --valgrind] --vitrail PROGRAM [CASE.sh ...]
"""
import argparse
import difflib
import os
import re
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
SKIPPED = 77
TIMEOUT_S = 240
# What valgrind is to report, and how much longer a case may take then.
VALGRIND = ["valgrind", "--quiet", "--error-exitcode=99", "--leak-check=full", "--show-leak-kinds=definite",
            "--errors-for-leak-kinds=definite", "--num-callers=30", f"--suppressions={HERE / 'valgrind.supp'}"]
VALGRIND_SLOWER = 30
# The distribution's own has the packages that tools/install-deps installs.
PYTHON = "/usr/bin/python3" if Path("/usr/bin/python3").exists() else sys.executable


def environment(vitrail, folder):
    env = dict(os.environ)
    env.pop("VITRAIL_KERNEL", None)
    env.update(PATH=f"{Path(vitrail).resolve().parent}:{env['PATH']}", CASES=str(HERE), LC_ALL="C",
               HOME=str(folder), PYTHON=PYTHON, BASH_ENV=str(HERE / "prelude.sh"))
    return env


def under_valgrind(vitrail, folder, with_simulate):
    """A program in `folder` that runs `vitrail` in valgrind, with a report a process beside it."""
    program = Path(folder) / "vitrail"
    plain = str(Path(vitrail).resolve())
    command = [*VALGRIND, f"--log-file={folder}/report-%p", plain]
    # Most cases begin with a simulated recording, which takes most of their time; that command has cases of its own.
    without = "" if with_simulate else f'[ "$1" != simulate ] || exec {shlex.quote(plain)} "$@"\n'
    program.write_text(f'#!/bin/sh\n{without}exec {shlex.join(command)} "$@"\n')
    program.chmod(0o755)
    return program


def run_case(case, vitrail, timeout_s=TIMEOUT_S):
    """(exit status, stdout, stderr) of a case in a fresh folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="vitrail-case-") as folder:
        done = subprocess.run(["bash", str(case)], cwd=folder, env=environment(vitrail, folder), text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout_s, check=False)
        return done.returncode, done.stdout.replace(folder, "FOLDER"), done.stderr.replace(folder, "FOLDER")


def glob_expression(pattern):
    """A line of '...' stands for any lines; '*' within a line for anything in that line."""
    parts = []
    for line in pattern.splitlines():
        if line == "...":
            parts.append(r"(?:[^\n]*\n)*?")
        else:
            parts.append("[^\n]*".join(re.escape(piece) for piece in line.split("*")) + r"\n")
    return re.compile("".join(parts))


def compare(case, stream, text):
    """What is wrong with a stream; None when it is as expected."""
    if Path(f"{case}.{stream}.ignore").exists():
        return None
    pattern = Path(f"{case}.{stream}.glob")
    if pattern.exists():
        expected = pattern.read_text()
        if glob_expression(expected).fullmatch(text):
            return None
    else:
        exact = Path(f"{case}.{stream}.exact")
        expected = exact.read_text() if exact.exists() else ""
        if text == expected:
            return None
    lines = difflib.unified_diff(expected.splitlines(True), text.splitlines(True), f"expected {stream}", stream)
    return "".join(line if line.endswith("\n") else line + "\n" for line in lines)


def record(case, status, streams):
    def keep(path, text):
        if text:
            path.write_text(text)
        else:
            path.unlink(missing_ok=True)

    for stream, text in streams.items():
        if compare(case, stream, text) is not None:
            if Path(f"{case}.{stream}.glob").exists():
                print(f"{case}.{stream}.glob does not fit any more; edit it by hand:\n{text}")
            else:
                keep(Path(f"{case}.{stream}.exact"), text)
    keep(Path(f"{case}.exit"), f"{status}\n" if status else "")


def check_with_valgrind(case, vitrail):
    """True when valgrind has nothing to say; what the case prints is not looked at. None when it could not be run."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="vitrail-valgrind-") as folder:
        try:
            program = under_valgrind(vitrail, folder, case.parent.name == "simulate")
            status = run_case(case, program, TIMEOUT_S * VALGRIND_SLOWER)[0]
        except subprocess.TimeoutExpired:
            print(f"{case.stem}: not finished after {TIMEOUT_S * VALGRIND_SLOWER} s", flush=True)
            return False
        reports = sorted(Path(folder).glob("report-*"))
        found = "".join(report.read_text() for report in reports)
    if status == SKIPPED:
        return None
    print(f"{case.parent.name}/{case.stem}: {len(reports)} runs, {time.monotonic() - started:.0f} s, "
          f"{'found:' if found else 'nothing found'}\n{found}", end="", flush=True)
    return not found


def check(case, vitrail, is_recording):
    """True when the case is as expected (or was recorded); None when it could not be run here."""
    status, out, err = run_case(case, vitrail)
    streams = {"stdout": out, "stderr": err}
    if status == SKIPPED:
        print(f"{case.stem}: skipped: {out.strip()}")
        return None
    if is_recording:
        record(case, status, streams)
        return True
    wanted = Path(f"{case}.exit")
    expected_status = int(wanted.read_text()) if wanted.exists() else 0
    complaints = [text for text in (compare(case, stream, text) for stream, text in streams.items()) if text]
    if status != expected_status:
        complaints.insert(0, f"exit status {status}, expected {expected_status}\n")
    if complaints:
        print(f"{case}: not as expected; --record takes the new output\n" + "".join(complaints))
    return not complaints


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vitrail", required=True, help="the program to test")
    parser.add_argument("--record", action="store_true", help="take what is printed now as what is expected")
    parser.add_argument("--valgrind", action="store_true", help="look for what valgrind finds instead")
    parser.add_argument("cases", nargs="*", type=Path, help="default: all")
    args = parser.parse_args()
    cases = [case.resolve() for case in args.cases] or sorted((HERE / "cases").glob("*/*.sh"))
    if args.valgrind:
        results = [check_with_valgrind(case, args.vitrail) for case in cases]
    else:
        results = [check(case, args.vitrail, args.record) for case in cases]
    if False in results:
        sys.exit(1)
    sys.exit(SKIPPED if all(result is None for result in results) else 0)


main()
