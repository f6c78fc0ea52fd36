#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the tutorial word by word: every `$ command` of its five pages, in their order and in one folder, and compares what it
prints with what the page shows. usage: check_tutorial.py VITRAIL [--record]

A block is a paragraph indented by four spaces that begins with `$ ` (or, with `>>> `, Python). `> ` goes on with a command. What
is shown has to be what is printed, but for times and speeds; a line of `...` stands for any lines; and where the comment
`<!-- numbers within P % -->` stands above the block, its numbers may differ by that. --record writes what is printed into the
pages, and the pictures into docs/images; read the difference before you commit it.
"""
import doctest
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
DOCS = HERE.parent.parent / "docs"
PAGES = ["first-map", "strain-and-bands", "pdf-and-phases", "lorentz", "paper"]
LARGEST_PICTURE = 150_000
NUMBER = re.compile(r"(?<![\w.])[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?")


class Block:
    """Lines first to last (exclusive) of a page, as [command lines, what is shown] pairs."""

    def __init__(self, first, tolerance):
        self.first, self.last, self.tolerance, self.steps = first, first, tolerance, []


def blocks_of(lines):
    found, at = [], 0
    tolerance = 0.0
    while at < len(lines):
        note = re.fullmatch(r"<!-- numbers within ([\d.]+) % -->", lines[at])
        if note:
            tolerance = float(note.group(1)) / 100
        is_block = re.match(r" {4,6}(\$|>>>) ", lines[at]) and (at == 0 or not lines[at - 1].strip())
        if is_block:
            block = Block(at, tolerance)
            while at < len(lines) and (lines[at].startswith("    ") or
                                       (not lines[at] and at + 1 < len(lines) and lines[at + 1].startswith("    "))):
                take(block, lines[at][4:])
                at += 1
            block.last = at
            found.append(block)
            tolerance = 0.0
            continue
        if lines[at].strip() and not note:
            tolerance = 0.0
        at += 1
    return found


def take(block, line):
    if line.startswith("$ "):
        block.steps.append([[line[2:]], []])
    elif line.startswith("> ") and block.steps and not block.steps[-1][1]:
        block.steps[-1][0].append(line[2:])
    elif line.lstrip().startswith(">>> ") and not block.steps:
        block.steps.append([None, [line]])
    else:
        block.steps[-1][1].append(line)


def timeless(line):
    """Without times and speeds, which are another machine's."""
    line = re.sub(r"in [\d.]+ m?s(: [\d.]+ patterns/s, [\d.]+ [GM]B/s)?", "in a while", line)
    return line.rstrip()


def is_alike(shown, printed, tolerance):
    shown, printed = timeless(shown), timeless(printed)
    if shown == printed:
        return True
    if not tolerance or NUMBER.sub("#", shown) != NUMBER.sub("#", printed):
        return False
    pairs = zip(NUMBER.findall(shown), NUMBER.findall(printed))
    return all(abs(float(a) - float(b)) <= tolerance * max(abs(float(a)), abs(float(b))) for a, b in pairs)


def first_difference(shown, printed, tolerance):
    """None, or the line that differs; a line of `...` stands for any lines."""
    if not shown:
        return None if not printed else f"not shown: {printed[0]}"
    if shown[0] == "...":
        ends = (first_difference(shown[1:], printed[skip:], tolerance) for skip in range(len(printed) + 1))
        return None if any(end is None for end in ends) else f"nothing fits '...' before: {shown[1:2]}"
    if not printed:
        return f"not printed: {shown[0]}"
    if not is_alike(shown[0], printed[0], tolerance):
        return f"shown:   {shown[0]}\nprinted: {printed[0]}"
    return first_difference(shown[1:], printed[1:], tolerance)


def run(command, folder, vitrail):
    env = dict(os.environ, PATH=f"{vitrail.parent}:{os.environ['PATH']}", HOME=str(folder), LC_ALL="C.UTF-8")
    done = subprocess.run(["bash", "-c", "\n".join(command)], cwd=folder, env=env, text=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=600, check=False)
    assert done.returncode == 0, f"status {done.returncode}\n{done.stdout}"
    return done.stdout.splitlines()


def run_python(lines, folder):
    """An example of Python as doctest has it; raises where it prints something else."""
    here = os.getcwd()
    os.chdir(folder)
    try:
        text = "\n".join(lines) + "\n"
        test = doctest.DocTestParser().get_doctest(text, {}, "tutorial", None, 0)
        out = []
        assert doctest.DocTestRunner(verbose=False).run(test, out=out.append).failed == 0, "".join(out)
    finally:
        os.chdir(here)


def indented(step):
    command = [f"    {'$ ' if i == 0 else '> '}{line}" for i, line in enumerate(step[0])]
    return command + [f"    {line}".rstrip() for line in step[1]]


def check_page(name, folder, vitrail, is_recording):
    path = DOCS / "tutorial" / f"{name}.md"
    lines = path.read_text(encoding="utf-8").split("\n")
    blocks = blocks_of(lines)
    for block in blocks:
        for step in block.steps:
            if step[0] is None:
                run_python(step[1], folder)
                continue
            try:
                printed = [line.rstrip() for line in run(step[0], folder, vitrail)]
            except AssertionError as failure:
                raise SystemExit(f"{path}:{block.first + 1}: {step[0][0]}\n{failure}") from failure
            shown = [line.rstrip() for line in step[1]]
            while shown and not shown[-1]:
                shown.pop()
            while printed and not printed[-1]:
                printed.pop()
            difference = first_difference(shown, printed, block.tolerance)
            if difference and is_recording and "..." not in shown:
                step[1] = printed
            elif difference:
                raise SystemExit(f"{path}:{block.first + 1}: {step[0][0]}\n{difference}")
    check_pictures(path, "\n".join(lines), folder, is_recording)
    if is_recording:
        for block in reversed(blocks):
            if block.steps[0][0] is not None:
                lines[block.first:block.last] = [line for step in block.steps for line in indented(step)]
        path.write_text("\n".join(lines), encoding="utf-8")
    return sum(len(block.steps) for block in blocks)


def check_pictures(path, text, folder, is_recording):
    """Every picture is drawn by a command of the page, has words, and is small."""
    for alt, name in re.findall(r"!\[([^\]]*)\]\(\.\./images/([^)]+)\)", text):
        kept, drawn = DOCS / "images" / name, folder / name
        if name.startswith("tutorial-"):
            assert drawn.exists(), f"{path}: no command of the tutorial draws {name}"
            if is_recording:
                shutil.copy(drawn, kept)
        assert kept.exists() and alt, f"{path}: {name}"
        assert kept.stat().st_size < LARGEST_PICTURE or not name.startswith("tutorial-"), (name, kept.stat().st_size)


def main():
    vitrail, is_recording = Path(sys.argv[1]).resolve(), "--record" in sys.argv[2:]
    with tempfile.TemporaryDirectory(prefix="vitrail-tutorial-") as folder:
        for name in PAGES:
            print(f"{name}: {check_page(name, Path(folder), vitrail, is_recording)} commands", flush=True)


if __name__ == "__main__":
    main()
