#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fails where the manual and the program disagree: a command without its page docs/man/vitrail-COMMAND.md, an option
of --help that the page does not mention, an option on any page that the program does not have.

usage: check_manual.py VITRAIL SOURCE_FOLDER
"""
import re
import subprocess
import sys
from pathlib import Path

OPTION = re.compile(r"(?<![\w-])--([a-z][a-z0-9-]*)")


def output_of(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def commands_of(overview):
    section = re.search(r"^Commands:\n((?:  .*\n)*)", overview, re.MULTILINE).group(1)
    return re.findall(r"^  ([a-z]+) +\S", section, re.MULTILINE)


def check_page(command, text, help_text, common):
    declared = {option for option in options_of(help_text) if len(option) > 1}
    own_text = re.sub(rf"^ +vitrail (?!{command} ).*", "", text, flags=re.MULTILINE)
    mentioned = set(OPTION.findall(own_text))
    for option in sorted(declared - mentioned):
        yield f"docs/man/vitrail-{command}.md does not mention --{option}"
    for option in sorted(mentioned - declared - common):
        yield f"docs/man/vitrail-{command}.md mentions --{option}, which the program does not have"
    if f"vitrail {command} " not in text:
        yield f"docs/man/vitrail-{command}.md shows no use of 'vitrail {command}'"


def check_uses(page, text, options, common):
    """Lines of other pages and of examples that show a use: "vitrail map scan.h5 --resume"."""
    text = re.sub(r"\\\n\s*", " ", text)
    for command, rest in re.findall(r"^[ $`|]*vitrail ([a-z]+)((?: [^\n`|]*)?)", text, re.MULTILINE):
        if command not in options and command != "help":
            yield f"{page} uses 'vitrail {command}', which the program does not have"
        for option in sorted(set(OPTION.findall(rest)) - options.get(command, set()) - common):
            yield f"{page} uses 'vitrail {command} --{option}', which the program does not have"


def options_of(help_text):
    own, _, _ = help_text.partition("\nCommon options:")
    return set(re.findall(r"^  (?:-\w, )?--?([a-z0-9-]+)", own, re.MULTILINE))


def main():
    program, source = sys.argv[1], Path(sys.argv[2])
    commands = commands_of(output_of(program, "help"))
    main_page = (source / "docs/man/vitrail.md").read_text(encoding="utf-8")
    common = set(OPTION.findall(main_page))
    complaints = []
    for command in commands:
        page = source / f"docs/man/vitrail-{command}.md"
        if f"vitrail-{command}.md" not in main_page:
            complaints.append(f"docs/man/vitrail.md does not list {command}")
        if page.exists():
            help_text = output_of(program, "help", command)
            complaints += check_page(command, page.read_text(encoding="utf-8"), help_text, common)
        else:
            complaints.append(f"docs/man/vitrail-{command}.md is missing")
    if commands != sorted(commands):
        complaints.append("vitrail help does not list the commands in the order of the alphabet")
    options = {command: options_of(output_of(program, "help", command)) for command in commands}
    for page in [source / "README.md", *sorted(source.glob("docs/**/*.md")), *sorted(source.glob("examples/*.sh"))]:
        complaints += check_uses(page.relative_to(source), page.read_text(encoding="utf-8"), options, common)
    for page in sorted((source / "docs/man").glob("vitrail-*.md")):
        if page.stem.removeprefix("vitrail-") not in commands:
            complaints.append(f"docs/man/{page.name} is about no command")
    print("\n".join(complaints) or f"{len(commands)} commands, {len(commands) + 1} pages: in agreement")
    sys.exit(1 if complaints else 0)


main()
