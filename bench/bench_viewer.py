#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long one waits for an image in the viewer: from the command to the first image of a recording of 100 GB, of which the
disk holds nothing, and from moving the pointer to the new image of a virtual detector on the screen, of a recording of 2 GiB
in memory. In a headless Chromium, on the loopback.

usage: bench_viewer.py VITRAIL [FOLDER]
"""
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests/viewer"))
from chromium import Chromium  # noqa: E402

LOG = """
window.moved = []; window.images = [];
document.querySelector('#pattern canvas').addEventListener('pointermove', () => moved.push(performance.now()), true);
new MutationObserver(() => requestAnimationFrame(() =>
    images.push([performance.now(), Number(document.body.dataset.image), document.body.dataset.detector])))
    .observe(document.body, {attributes: true, attributeFilter: ['data-detector']});
0
"""


def write_header(file, shape):
    np.lib.format.write_array_header_1_0(file, {"descr": "<u2", "fortran_order": False, "shape": shape})


def show(program, path):
    server = subprocess.Popen([program, "view", path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return server, server.stdout.readline().strip()


def first_image(program, path):
    """Seconds from the command to the first image."""
    with open(path, "wb") as file:
        write_header(file, (800, 954, 256, 256))
        file.truncate(file.tell() + 2 * 800 * 954 * 256 * 256)
    with Chromium() as page:
        start = time.monotonic()
        server, address = show(program, path)
        page.open(address)
        page.wait("document.body?.dataset.image")
        seconds = time.monotonic() - start
        server.terminate()
        server.wait()
    path.unlink()
    return seconds


def drags(program, path, shape):
    """Milliseconds from each movement of the pointer to the first image after it, and to the whole one."""
    with open(path, "wb") as file:
        write_header(file, (256, 64, 256, 256))
        for row in range(256):
            np.full((64, 256, 256), row, "<u2").tofile(file)
    with Chromium() as page:
        server, address = show(program, path)
        page.open(address)
        page.wait("document.body?.dataset.image === '1'")
        page.run("(s => { s.value = '%s'; s.dispatchEvent(new Event('change')); })"
                 "(document.querySelector('[aria-label=\"Virtual detector\"]'))" % shape)
        page.run(LOG)
        left, top, width, height = page.box("#pattern canvas")
        x, y = left + width / 2, top + height / 2
        page.mouse("mouseMoved", x, y)
        page.mouse("mousePressed", x, y, "left")
        times = []
        for step in range(1, 12):
            page.run("moved.length = images.length = 0")
            page.mouse("mouseMoved", x + 3 * step, y + 2 * step, "left")
            text = page.run("document.querySelector('[aria-label=\"Virtual detector in words\"]').value")
            page.wait(f"images.some(([, stride, text]) => stride === 1 && text === {text!r})", 60)
            start, images = page.run("moved[0]"), page.run("images")
            times.append((images[0][0] - start, next(t for t, stride, _ in images if stride == 1) - start))
        page.mouse("mouseReleased", x, y, "left")
        server.terminate()
        server.wait()
    path.unlink()
    return np.median(times, axis=0)


def main():
    program = str(Path(sys.argv[1]).resolve())
    with tempfile.TemporaryDirectory(dir=sys.argv[2] if len(sys.argv) > 2 else ".") as name:
        folder = Path(name)
        print(f"first image of 100 GB:               {first_image(program, folder / 'large.npy'):7.2f} s")
        for shape in ("disc", "annulus"):
            coarse, whole = drags(program, folder / "scan.npy", shape)
            print(f"drag of a {shape:7s} to an image, 2 GiB: {coarse:7.0f} ms, to the whole one {whole:7.0f} ms")


main()
