#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the site of `make docs` and fails on a link to a page, picture or place that is not there, on an id given twice, on a page
that no link leads to, and on anything that a page would load from elsewhere. Skipped where there is no pandoc.

usage: check_site.py SOURCE_FOLDER [SITE], a SITE that is there already
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

LOADED = {"img", "script", "link", "iframe", "source", "video"}


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.ids, self.twice, self.links, self.loaded = set(), [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if "id" in given:
            if given["id"] in self.ids:
                self.twice.append(given["id"])
            self.ids.add(given["id"])
        target = given.get("href") or given.get("src")
        if target is not None:
            (self.loaded if tag in LOADED else self.links).append(target)


def is_elsewhere(target):
    return target.startswith("//") or target.split("/")[0].endswith(":")


def check(site):
    pages = {path.relative_to(site).as_posix(): Page(path.read_text(encoding="utf-8")) for path in site.rglob("*.html")}
    reached = {"index.html"}
    for name, page in sorted(pages.items()):
        yield from (f"{name}: the id {twice} is given twice" for twice in page.twice)
        yield from (f"{name}: loads {target} from elsewhere" for target in page.loaded if is_elsewhere(target))
        for target in page.links + page.loaded:
            if is_elsewhere(target) or target.startswith("mailto:"):
                continue
            file, _, anchor = unquote(target).partition("#")
            there = os.path.normpath(os.path.join(os.path.dirname(name), file)) if file else name
            reached.add(there)
            if not (site / there).is_file():
                yield f"{name}: the link to {target} leads nowhere"
            elif anchor and there in pages and anchor not in pages[there].ids:
                yield f"{name}: {there} has no place #{anchor}"
    yield from (f"{name}: no page leads to it" for name in sorted(set(pages) - reached))


def check_names(root, site):
    """Every function of the headers has its place in the reference."""
    text = "".join(path.read_text(encoding="utf-8") for path in (site / "api").glob("*.html"))
    declared = set()
    for header in (root / "include/vitrail").glob("*.h"):
        code = re.sub(r"/\*.*?\*/", "", header.read_text(encoding="utf-8"), flags=re.DOTALL)
        declared |= set(re.findall(r"VTR_API[^;]*?\b(vtr_\w+)\s*[(;\[]", code))
    yield from (f"api: {name} has no place" for name in sorted(declared) if f'id="{name}"' not in text)


def main():
    root = Path(sys.argv[1])
    if shutil.which("pandoc") is None:
        print("skipped: there is no pandoc (tools/install-deps docs)")
        sys.exit(77)
    with tempfile.TemporaryDirectory() as folder:
        site = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(folder) / "site"
        if len(sys.argv) < 3:
            subprocess.run([root / "tools/make-docs", site], check=True)
        complaints = [*check(site), *check_names(root, site)]
    print("\n".join(complaints) or "every link of the site leads somewhere")
    sys.exit(1 if complaints else 0)


main()
