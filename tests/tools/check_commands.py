#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fails where a page shows a command line that this vitrail would refuse: a command or option that it does not have. Of blocks of
other shell lines every one is run by a test (the tutorial, the scripts of docs/cluster.md) or has above it why not:
`<!-- not run: WHY -->`.

usage: check_commands.py VITRAIL SOURCE_FOLDER
"""
import re
import subprocess
import sys
from pathlib import Path

# Run word by word by tests/tutorial and tests/cluster.
RUN = {"docs/tutorial", "docs/cluster.md"}
SHELL = re.compile(r"(?:\$ )?(?:sudo |make\b|cmake |pip |apt |dnf |conda |\./|tools/|packaging/|cc |gcc |tar )")


def blocks_of(text):
    """(line number, what stands above, lines) of the blocks of a page, set in or fenced."""
    lines = text.splitlines()
    above, at = "", 0
    while at < len(lines):
        fence, start = lines[at].startswith("```"), at
        if not fence and not (lines[at].startswith("    ") and (at == 0 or not lines[at - 1].strip())):
            above = lines[at] if lines[at].strip() else above
            at += 1
            continue
        at += fence
        while at < len(lines) and (not lines[at].startswith("```") if fence else lines[at].startswith("    ")):
            at += 1
        yield start + 1, above, lines[start + 1:at] if fence else [line[4:] for line in lines[start:at]]
        above = ""
        at += fence


def commands_of(block):
    """Command lines of vitrail, with the lines that go on with them."""
    text = re.sub(r"\\\n\s*>?\s*", " ", "\n".join(block))
    for line in text.splitlines():
        line = re.sub(r"\s#\s.*", "", line.strip().removeprefix("$ "))
        found = re.match(r"(?:mpirun (?:-\w+ \S+ )*|srun (?:-\S+ )*)?vitrail\s+(.*)", line)
        if found:
            yield found.group(1)


class Program:
    def __init__(self, path):
        self.path, self.known = path, {}

    def says(self, *words):
        return subprocess.run([self.path, *words], capture_output=True, text=True, check=False)

    def complaint(self, line):
        words = line.split()
        command = words[0]
        if not re.fullmatch(r"[a-z]+", command) or command == "help":
            return None
        if command not in self.known:
            answer = self.says("help", command)
            self.known[command] = answer.stdout if answer.returncode == 0 else None
        if self.known[command] is None:
            return f"vitrail has no command '{command}'"
        has = set(re.findall(r"(?<![\w-])--?[a-z][\w-]*", self.known[command])) | {"--help", "--memory", "--threads", "--quiet"}
        given = re.findall(r"(?<=[\s\[])--[a-z][\w-]*", " " + line)
        wrong = [option for option in given if option not in has]
        return f"vitrail {command} has no option {', '.join(wrong)}" if wrong else None


def main():
    program, root = Program(sys.argv[1]), Path(sys.argv[2])
    complaints, n = [], 0
    for page in [*sorted(root.glob("*.md")), *sorted((root / "docs").rglob("*.md"))]:
        name = page.relative_to(root).as_posix()
        for number, above, block in blocks_of(page.read_text(encoding="utf-8")):
            for line in commands_of(block):
                n += 1
                if complaint := program.complaint(line):
                    complaints.append(f"{name}:{number}: {complaint}")
            is_run = name in RUN or page.parent.relative_to(root).as_posix() in RUN
            if not is_run and not above.startswith("<!-- not run: ") and any(SHELL.match(line) for line in block):
                complaints.append(f"{name}:{number}: no test runs this block, and nothing says why")
    print("\n".join(complaints) or f"{n} command lines of the pages are as this vitrail takes them")
    sys.exit(1 if complaints else 0)


main()
