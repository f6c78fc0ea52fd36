#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of `vitrail view` in a headless browser, against the program and a simulated specimen: what is shown is what
the program's other commands and the files say. Exit status 77 where there is no browser, or no page.

usage: check_page.py VITRAIL [SCREENSHOT_FOLDER]
"""
import contextlib
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import h5py
import numpy as np

from chromium import Chromium, find

SKIPPED = 77
N_Y, N_X, PATTERN = 24, 32, 64


def vitrail(program, folder, *words):
    return subprocess.run([program, *words], cwd=folder, check=True, capture_output=True, text=True).stdout


def make_specimen(program, folder):
    vitrail(program, folder, "simulate", "fe-band", "-o", "scan.npy", "--scan", f"{N_Y}x{N_X}", "--pattern",
            f"{PATTERN}x{PATTERN}", "--electrons", "1e6")
    vitrail(program, folder, "map", "scan.npy", "-o", "map.h5")
    vitrail(program, folder, "strain", "map.h5", "--reference", "0:8,0:8")


@contextlib.contextmanager
def served(program, folder, *files):
    """The address at which the files are shown."""
    with subprocess.Popen([program, "view", *files], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True) as server:
        address = server.stdout.readline().strip()
        try:
            if not address:
                sys.exit(f"vitrail view does not start: {server.stderr.read()}")
            yield address
        finally:
            server.terminate()
            server.communicate()
            if sys.exc_info()[0] is None and server.returncode != 0:
                sys.exit(f"vitrail view ends with {server.returncode}")


def dataset(folder, path):
    with h5py.File(folder / "map.h5") as file:
        return np.asarray(file["entry/" + path])


def number_shown(page, name):
    text = page.run(f"document.querySelector('#numbers tr[data-name=\"{name}\"] td')?.textContent")
    return float(re.match(r"[-−0-9.e+]+", text).group().replace("−", "-")) if text else None


def centre_of(page, y, x, canvas="#maps canvas"):
    """Where a position of the scan lies on the screen, as the page draws it: the whole scan in the map's area."""
    left, top, width, height = page.box(canvas)
    area = height - 40
    scale = min(width / N_X, area / N_Y)
    return (left + width / 2 + scale * (x + 0.5 - N_X / 2), top + area / 2 + scale * (y + 0.5 - N_Y / 2))


def point_at(page, y, x):
    page.mouse("mouseMoved", *centre_of(page, y, x))
    page.wait(f"document.getElementById('where').textContent.startsWith('y {y}, x {x}')")


def check_hover(page, folder):
    point_at(page, 5, 20)
    page.wait("document.querySelector('#numbers tr') && document.querySelector('#plots svg path')")
    for name in ("exx", "density"):
        page.wait(f"document.querySelector('#numbers tr[data-name=\"strain/{name}\"]')")
    point_at(page, 17, 3)
    shown = f"{100 * dataset(folder, 'strain/exx')[17, 3]:.2f}"
    page.wait("document.querySelector('#numbers tr[data-name=\"strain/exx\"] td').textContent"
              f".replace('−', '-').startsWith('{shown}')")
    counts = np.load(folder / "scan.npy", mmap_mode="r")[17, 3].sum()
    page.wait(f"document.querySelector('#pattern .caption').textContent.startsWith('{counts} counts')")


def check_quantity(page):
    before = page.run("document.querySelector('#maps canvas').toDataURL()")
    page.run("""(s => { s.value = 'strain/eyy'; s.dispatchEvent(new Event('change')); })
                (document.querySelector('#maps select'))""")
    page.wait(f"document.querySelector('#maps canvas').toDataURL() !== {json.dumps(before)}")


def check_keys(page):
    point_at(page, 10, 10)
    page.key("l")
    page.key("K", shift=True)
    page.wait("document.getElementById('where').textContent.startsWith('y 15, x 11')")
    page.run("document.querySelector('#maps canvas').focus()")
    page.key("ArrowUp")
    page.key("ArrowLeft")
    page.wait("document.getElementById('where').textContent.startsWith('y 14, x 10')")
    # the position is held until Enter lets it go
    page.mouse("mouseMoved", *centre_of(page, 2, 2))
    page.wait("document.getElementById('where').textContent.includes('held')")
    page.key("Enter")
    page.mouse("mouseMoved", *centre_of(page, 2, 3))
    page.wait("document.getElementById('where').textContent.startsWith('y 2, x 3')")


def check_focus(page):
    """Every control is reached with Tab and has a name."""
    page.run("document.activeElement.blur()")
    reached = set()
    for _ in range(60):
        page.key("Tab")
        reached.add(page.run("""(e => e.getAttribute('aria-label') || e.textContent || e.title)(document.activeElement)"""))
    wanted = page.run("""[...document.querySelectorAll('button, select, input, canvas[tabindex]')]
        .filter(e => e.offsetParent !== null && !e.disabled)
        .map(e => e.getAttribute('aria-label') || e.textContent || e.title)""")
    missing = [name for name in wanted if name not in reached]
    assert not missing and all(wanted), f"not reached with Tab: {missing}"


def check_fits(page):
    """Nothing of the page lies outside of 1280 x 720."""
    outside = page.run("""[...document.querySelectorAll('main *')].filter(e => e.offsetParent !== null).map(e =>
        [e.tagName + ' ' + (e.getAttribute('aria-label') || ''), e.getBoundingClientRect()]).filter(([, b]) =>
        b.width > 0 && (b.right > innerWidth + 1 || b.left < -1)).map(([name]) => name)""")
    assert not outside, f"off the page: {outside}"
    assert page.run("document.documentElement.scrollHeight <= innerHeight")


def main():
    program = str(Path(sys.argv[1]).resolve())
    if find() is None:
        print("no Chromium here")
        sys.exit(SKIPPED)
    with tempfile.TemporaryDirectory(prefix="vitrail-page-") as name:
        folder = Path(name)
        make_specimen(program, folder)
        with served(program, folder, "map.h5", "scan.npy") as address, Chromium(downloads=folder) as page:
            page.open(address)
            page.wait("document.body?.dataset.ready || document.body?.textContent.includes('without its page')")
            if not page.run("document.body.dataset.ready"):
                print(page.run("document.body.textContent"))
                sys.exit(SKIPPED)
            check_hover(page, folder)
            check_quantity(page)
            check_keys(page)
            check_focus(page)
            check_fits(page)
            if len(sys.argv) > 2:
                page.screenshot(Path(sys.argv[2]) / "page.png")
            assert not page.errors, page.errors
    print("the page shows what the files hold")


main()
