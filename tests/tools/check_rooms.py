#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fails where code uses a room that lies further down the flow, or a program uses private headers.

The order of the rooms and the room of each public header that is not named after one stand in cmake/rooms.cmake.
usage: check_rooms.py SOURCE_FOLDER
"""
import re
import sys
from pathlib import Path

INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)


def cmake_list(text, name):
    match = re.search(r"set\(" + name + r"\s+([^)]*)\)", text)
    if match is None:
        sys.exit(f"cmake/rooms.cmake sets no {name}")
    return match.group(1).split()


def room_of_include(include, file, rooms, headers):
    """The room that an included header belongs to; None for a header of the program."""
    parts = include.split("/")
    if parts[0] == "vitrail":
        stem = Path(include).stem
        if stem in headers:
            return headers[stem]
        return stem if stem in rooms else "?"
    if parts[0] in rooms:
        return parts[0]
    if len(parts) == 1 and file.parts[0] == "src":
        return file.parts[1]
    return None


def check_file(root, file, rooms, headers):
    text = (root / file).read_text(encoding="utf-8")
    is_library = file.parts[0] == "src"
    for include in INCLUDE.findall(text):
        room = room_of_include(include, file, rooms, headers)
        if room == "?":
            yield f"{file}: no room for '{include}'; add it to VITRAIL_ROOM_OF_HEADER in cmake/rooms.cmake"
        elif is_library and room is not None and rooms.index(room) > rooms.index(file.parts[1]):
            yield f"{file}: '{include}' is of room {room}, which lies below {file.parts[1]}"
        elif not is_library and room is not None and not include.startswith("vitrail/"):
            yield f"{file}: '{include}' is private to the library; a program uses include/vitrail only"


def main():
    root = Path(sys.argv[1])
    text = (root / "cmake/rooms.cmake").read_text(encoding="utf-8")
    rooms = cmake_list(text, "VITRAIL_ROOMS")
    headers = dict(pair.split("=") for pair in cmake_list(text, "VITRAIL_ROOM_OF_HEADER"))
    files = [path.relative_to(root) for folder in ("src", "cli", "viewer") for path in (root / folder).rglob("*.[ch]")]
    complaints = [line for file in sorted(files) for line in check_file(root, file, rooms, headers)]
    for room in sorted(path.name for path in (root / "src").iterdir() if path.is_dir()):
        if room not in rooms:
            complaints.append(f"src/{room}: not in VITRAIL_ROOMS of cmake/rooms.cmake")
    print("\n".join(complaints) or f"{len(files)} files, {len(rooms)} rooms: in order")
    sys.exit(1 if complaints else 0)


main()
