#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fails where the checkout is untidy: a file without its licence line, a source that no CMakeLists.txt names, a public
header that C++ could not use, a link of a page that leads nowhere, a note to oneself left in the code, a plan of FFTW
made without its lock.

usage: check_tree.py SOURCE_FOLDER
"""
import re
import subprocess
import sys
from pathlib import Path

CODE = {".c", ".h", ".py", ".sh"}
NOTE = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")
PLANNER = re.compile(r"\bfftw[fl]?_(plan_\w+|destroy_plan|cleanup)\(")
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


def files_of(root):
    """What git knows or would add; every file below where there is no git."""
    listed = subprocess.run(["git", "-C", root, "ls-files", "--cached", "--others", "--exclude-standard"],
                            capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        return [path.relative_to(root) for path in root.rglob("*") if path.is_file() and "build" not in path.parts]
    return [Path(line) for line in listed.stdout.splitlines() if (root / line).exists()]


def check_code(file, text):
    needs_licence = file.suffix in CODE and file.parts[:3] != ("tests", "cli", "cases")
    if needs_licence and "SPDX-License-Identifier: GPL-3.0-or-later" not in "".join(text.splitlines(True)[:2]):
        yield f"{file}: no SPDX line at its top"
    if NOTE.search(text):
        yield f"{file}: '{NOTE.search(text).group()}' left in it"
    if file.suffix in {".c", ".h", ".md"} and re.search(r"[ \t]+$", text, re.MULTILINE):
        yield f"{file}: white space at the end of a line"


def check_listed(root, file):
    """A C source stands in the CMakeLists.txt of its folder, or it is never compiled."""
    folder = root / file.parent / "CMakeLists.txt"
    if file.suffix != ".c" or file.name == "outside.c" or not folder.exists():
        return
    if not re.search(rf"\b{re.escape(file.stem.removeprefix('bench_'))}\b", folder.read_text(encoding="utf-8")):
        yield f"{file}: not named in {file.parent}/CMakeLists.txt"


def check_header(file, text):
    if file.parent.as_posix() == "include/vitrail" and not ("VTR_BEGIN_DECLS" in text and "VTR_END_DECLS" in text):
        yield f"{file}: its declarations do not stand between VTR_BEGIN_DECLS and VTR_END_DECLS"


def check_planner(file, text):
    if file.parts[0] == "src" and file.stem != "fourier" and PLANNER.search(text):
        yield f"{file}: {PLANNER.search(text).group()}...) without the lock that base/fourier.h has"


def check_links(root, file, text):
    for target in LINK.findall(text) if file.suffix == ".md" else []:
        if "://" not in target and not (root / file.parent / target).exists():
            yield f"{file}: the link to {target} leads nowhere"


def main():
    root = Path(sys.argv[1])
    complaints = []
    for file in sorted(files_of(root)):
        try:
            text = (root / file).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        complaints += [*check_code(file, text), *check_listed(root, file), *check_header(file, text),
                       *check_planner(file, text), *check_links(root, file, text)]
    print("\n".join(complaints) or "tidy")
    sys.exit(1 if complaints else 0)


main()
