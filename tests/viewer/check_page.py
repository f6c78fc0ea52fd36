#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of `vitrail view` in a headless browser, against the program and a simulated specimen: what is shown is what
the program's other commands and the files say. Exit status 77 where there is no browser, or no page.

usage: check_page.py VITRAIL [SCREENSHOT_FOLDER]
"""
import contextlib
import json
import math
import re
import shutil
import subprocess
import sys
import tempfile
import time
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
                why = server.stderr.read()
                print(f"vitrail view does not start: {why}")
                sys.exit(SKIPPED if "built without libmicrohttpd" in why else 1)
            yield address
        finally:
            server.terminate()
            server.communicate()
            if address and sys.exc_info()[0] is None and server.returncode != 0:
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
    choose(page, "Quantity of Map 1", "strain/eyy")
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


def click(page, text, within="body"):
    page.run(f"[...document.querySelectorAll('{within} button')].find(b => b.textContent === {json.dumps(text)}).click()")


def choose(page, label, value):
    page.run(f"""(s => {{ s.value = {json.dumps(value)}; s.dispatchEvent(new Event('change')); }})
                (document.querySelector({json.dumps(f'[aria-label="{label}"]')}))""")


def press_until_saved(path, press):
    """What the page shows may be on its way still, under another name, and a busy browser drops a download now and then."""
    path.unlink(missing_ok=True)
    deadline = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < deadline, f"{path.name} is not saved"
        press()
        for _ in range(100):
            if not path.exists():
                time.sleep(0.02)


def saved(page, folder, name, press):
    """The rows of a CSV that the page saves, without its first line."""
    press_until_saved(folder / name, press)
    return np.genfromtxt(folder / name, delimiter=",", skip_header=1)


def detector_image(page, folder):
    """What the last map shows, once it is that of the whole scan, as the page saves it."""
    table = saved(page, folder, "virtual-detector.csv", lambda: click(page, "CSV", "#maps section:last-of-type"))
    return table[:, 2].reshape(N_Y, N_X)


def check_detector(page, folder):
    """About the centre it is the pass's annulus; dragged elsewhere, the sum of the pixels on it."""
    choose(page, "Virtual detector", "annulus")
    page.wait("document.querySelector('#maps section:last-of-type select').value === 'live/detector'")
    expected = dataset(folder, "virtual/adf")
    wait_for(lambda: np.allclose(detector_image(page, folder), expected, rtol=1e-6), "the annulus of the map file")
    choose(page, "Virtual detector", "disc")
    before = page.run("document.querySelector('[aria-label=\"Virtual detector in words\"]').value")
    left, top, width, height = page.box("#pattern canvas")
    scale = min(width, height) / PATTERN
    middle = (left + width / 2, top + height / 2)
    page.drag(middle, (middle[0] + 6 * scale, middle[1] - 9 * scale))
    text = page.run("document.querySelector('[aria-label=\"Virtual detector in words\"]').value")
    (y0, x0, radius), (y1, x1, _) = ([float(v) for v in t.removeprefix("disc:").split(",")] for t in (before, text))
    assert abs(y1 - y0 + 9) < 0.2 and abs(x1 - x0 - 6) < 0.2, (before, text)
    expected = detector_sum(folder, y1, x1, radius)
    wait_for(lambda: np.allclose(detector_image(page, folder), expected, rtol=1e-6), "the dragged disc")
    page.run("document.activeElement.blur()")
    page.key("D", shift=True)
    page.key("w")
    expected = detector_sum(folder, y1 - 1, x1 + 5, radius)
    wait_for(lambda: np.allclose(detector_image(page, folder), expected, rtol=1e-6), "the disc moved with the keys")


def wait_for(condition, what):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)  # the browser needs the processor


def detector_sum(folder, y, x, radius):
    """The recording has neither descan nor masked pixels; its lens is as the calibration says."""
    with h5py.File(folder / "map.h5") as file:
        c = file["entry/calibration"].attrs
        wxx, wyy, wxy = c["w"] if "w" in c else (c["wxx"], c["wyy"], c["wxy"])
    row, column = np.mgrid[:PATTERN, :PATTERN]
    u, v = column - x, row - y
    inside = np.hypot(wxx * u + wxy * v, wxy * u + wyy * v) < radius
    return np.load(folder / "scan.npy", mmap_mode="r")[:, :, inside].sum(axis=-1, dtype="u8")


def check_reference(page, program, folder):
    """A rectangle drawn on the map is the command's --reference; the map file stays as it was."""
    before = (folder / "map.h5").read_bytes()
    choose(page, "Quantity of Map 1", "strain/exx")
    click(page, "Reference", "#maps")
    page.drag(centre_of(page, 12, 20), centre_of(page, 19, 29))
    page.wait("document.querySelector('.bar input.wide').value === '12:20,20:30'")
    shutil.copy(folder / "map.h5", folder / "other.h5")
    vitrail(program, folder, "strain", "other.h5", "--reference", "12:20,20:30")
    with h5py.File(folder / "other.h5") as file:
        expected = np.asarray(file["entry/strain/exx"])
    wait_for(lambda: np.allclose(map_saved(page, folder), expected, atol=1e-8), "the strain of the other reference")
    assert (folder / "map.h5").read_bytes() == before
    click(page, "Clear", "#maps")
    wait_for(lambda: np.allclose(map_saved(page, folder), dataset(folder, "strain/exx"), atol=1e-8), "the file's strain")


def check_axis(page, program, folder):
    """The handle turns the frame that the strain is in: the command's --axis; the keys turn it on."""
    choose(page, "Quantity of Map 1", "strain/exx")
    click(page, "Axis", "#maps")
    left, top, width, height = page.box("#maps canvas")
    middle, reach = (left + width / 2, top + (height - 40) / 2), 0.36 * min(width, height - 40)
    page.drag((middle[0] + reach, middle[1]), (middle[0] + 0.5 * reach, middle[1] + 0.5 * reach * math.tan(math.radians(31.5))))
    page.wait("Math.abs(Number(document.querySelector('.bar input.wide').value) - 31.5) < 0.15")
    axis = page.run("document.querySelector('.bar input.wide').value")
    compare_axis(page, program, folder, axis)
    page.run("document.querySelector('#maps canvas').focus()")
    page.key("ArrowRight", shift=True)
    compare_axis(page, program, folder, f"{float(axis) + 5:.1f}")
    click(page, "Clear", "#maps")
    click(page, "Point", "#maps")


def compare_axis(page, program, folder, axis):
    shutil.copy(folder / "map.h5", folder / "other.h5")
    vitrail(program, folder, "strain", "other.h5", "--reference", "0:8,0:8", "--axis", axis)
    with h5py.File(folder / "other.h5") as file:
        expected = np.asarray(file["entry/strain/exx"])
    wait_for(lambda: np.allclose(map_saved(page, folder), expected, rtol=0, atol=1e-8), f"the strain along {axis} degrees")


def click_corners(page, corners):
    for corner in corners:
        page.click(*corner)


def inside(corners, y, x):
    """By the even-odd rule."""
    result = np.zeros(np.broadcast(y, x).shape, bool)
    for (ay, ax), (by, bx) in zip(corners, corners[1:] + corners[:1]):
        with np.errstate(divide="ignore", invalid="ignore"):
            result ^= ((ay > y) != (by > y)) & (x < ax + (y - ay) / (by - ay) * (bx - ax))
    return result


def check_polygons(page, folder):
    """Drawn corner by corner: a region of the map, closed at its first corner; a detector, closed with Enter."""
    click(page, "Region", "#maps")
    choose(page, "Shape of the region", "polygon")
    corners = [(3, 4), (3, 24), (18, 14)]
    click_corners(page, [centre_of(page, *c) for c in [*corners, corners[0]]])
    page.wait("document.querySelector('.bar input.wide').value.startsWith('polygon:')")
    text = page.run("document.querySelector('.bar input.wide').value")
    drawn = [tuple(float(v) for v in pair.split(",")) for pair in text.removeprefix("polygon:").split(";")]
    assert np.allclose(drawn, corners, atol=0.1), text
    member = inside(drawn, *np.mgrid[:N_Y, :N_X])
    page.wait(f"document.querySelector('#numbers .title')?.textContent.includes('{member.sum()} positions')")
    wait_for(lambda: number_shown(page, "strain/exx") is not None, "numbers")
    table = numbers_saved(page, folder)
    exx, errors = (100 * dataset(folder, f"strain/{name}").astype("f8")[member] for name in ("exx", "exx_errors"))
    value, error = table["exx"][0][:2]
    assert abs(value - exx.mean()) < 1e-6 and abs(error / (np.sqrt((errors**2).sum()) / len(errors)) - 1) < 1e-6, (value, error)
    click(page, "Clear", "#maps")
    click(page, "Point", "#maps")
    choose(page, "Virtual detector", "polygon")
    click(page, "Draw", "#pattern")
    left, top, width, height = page.box("#pattern canvas")
    scale = min(width, height) / PATTERN
    place = lambda y, x: (left + width / 2 + scale * (x + 0.5 - PATTERN / 2), top + height / 2 + scale * (y + 0.5 - PATTERN / 2))
    click_corners(page, [place(10, 10), place(12, 50), place(45, 40), place(50, 15)])
    page.run("document.querySelector('#pattern canvas').focus()")
    page.key("Enter")
    text = page.run("document.querySelector('[aria-label=\"Virtual detector in words\"]').value")
    corners = [tuple(float(v) for v in pair.split(",")) for pair in text.removeprefix("polygon:").split(";")]
    assert np.allclose(corners, [(10, 10), (12, 50), (45, 40), (50, 15)], atol=0.3), text
    pixels = inside(corners, *np.mgrid[:PATTERN, :PATTERN])
    expected = np.load(folder / "scan.npy", mmap_mode="r")[:, :, pixels].sum(axis=-1, dtype="u8")
    wait_for(lambda: np.allclose(detector_image(page, folder), expected, rtol=1e-6), "the drawn polygon")


def numbers_saved(page, folder):
    """name -> for each place value, error, spread, positions."""
    path = folder / "numbers.csv"
    saved(page, folder, path.name, lambda: click(page, "CSV", "#numbers"))
    table = {}
    for line in path.read_text().splitlines()[1:]:
        _, name, _, _, *numbers = line.split(",")
        table.setdefault(name, []).append([float(v) if v else math.nan for v in numbers])
    return table


def check_comparison(page, folder):
    """Two regions, their difference and its error."""
    click(page, "Region", "#maps")
    choose(page, "Shape of the region", "rectangle")
    page.drag(centre_of(page, 2, 3), centre_of(page, 6, 10))
    page.wait("document.querySelector('#numbers .title')?.textContent.includes('40 positions')")
    click(page, "Keep", "#maps")
    page.drag(centre_of(page, 12, 18), centre_of(page, 20, 27))
    page.wait("document.querySelector('#numbers tr[data-name=\"strain/exx\"] .difference')")
    page.wait("document.querySelector('#numbers .title')?.textContent.includes('90 positions')")
    first, second = numbers_saved(page, folder)["exx"]
    text = page.run("document.querySelector('#numbers tr[data-name=\"strain/exx\"] .difference').textContent").replace("−", "-")
    value, error = (float(v) for v in re.match(r"Δ ([-0-9.]+) ± ([0-9.]+)", text).groups())
    assert abs(value - (first[0] - second[0])) < 0.06 * error and abs(error / math.hypot(first[1], second[1]) - 1) < 0.06, text
    click(page, "Keep", "#maps")
    click(page, "Clear", "#maps")
    click(page, "Point", "#maps")


def check_more_maps(page, folder):
    """A third and a fourth map beside the two, one of directions with its wheel, and closed again."""
    before = page.run("document.querySelectorAll('#maps section').length")
    click(page, "+ Map", "#maps")
    click(page, "+ Map", "#maps")
    page.wait(f"document.querySelectorAll('#maps section').length === {before + 2}")
    name = "strain/directions:angle,deviatoric"
    choose(page, "Quantity of Map 3", name)
    table = saved(page, folder, "strain-directions-angle-deviatoric.csv", lambda: click(page, "CSV", "#maps section:nth-of-type(3)"))
    angle, length = dataset(folder, "strain/angle"), 100 * dataset(folder, "strain/deviatoric")
    assert np.allclose(table[:, 2], angle.ravel(), atol=1e-4, equal_nan=True)
    assert np.allclose(table[:, 3], length.ravel(), atol=1e-4, equal_nan=True)
    check_fits(page)


def check_files(page, folder):
    """Everything that is shown can be saved, as numbers, picture and drawing."""
    point_at(page, 5, 20)
    page.wait("document.querySelector('#plots svg path')")
    for within, name in (("#maps section", "strain-exx"), ("#pattern", "pattern-5-20"), ("#plots figure", "I-k-")):
        for ending, start in (("png", b"\x89PNG"), ("svg", b"<svg"), ("csv", b"")):
            path = folder / f"{name}.{ending}"
            press_until_saved(path, lambda: click(page, ending.upper(), within))
            assert path.stat().st_size > 100 and path.read_bytes().startswith(start), path.name
    counts = np.genfromtxt(folder / "pattern-5-20.csv", delimiter=",")
    assert np.array_equal(counts, np.load(folder / "scan.npy", mmap_mode="r")[5, 20])


def check_large_recording(program, folder):
    """A hundred gigabytes, of which the disk holds nothing: an image at once, coarse at first, finer while one looks."""
    path = folder / "large.npy"
    with open(path, "wb") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "<u2", "fortran_order": False, "shape": (800, 954, 256, 256)})
        file.truncate(file.tell() + 2 * 800 * 954 * 256 * 256)
    assert path.stat().st_size > 1e11
    with Chromium() as page:
        start = time.monotonic()
        with served(program, folder, path.name) as address:
            page.open(address)
            page.wait("document.body?.dataset.image")
            seconds = time.monotonic() - start
            first = page.run("Number(document.body.dataset.image)")
            page.wait(f"Number(document.body.dataset.image) < {first}")
            assert first > 8 and not page.errors, page.errors
    path.unlink()
    return seconds


def map_saved(page, folder):
    return saved(page, folder, "strain-exx.csv", lambda: click(page, "CSV", "#maps section"))[:, 2].reshape(N_Y, N_X)


def check_line(page, program, folder):
    """A line typed, in positions, is the command's in nm."""
    click(page, "Line", "#maps")
    page.drag(centre_of(page, 3, 4), centre_of(page, 20, 28))
    page.wait("document.querySelector('#plots svg').getAttribute('aria-label').includes('distance')")
    page.run("""(f => { f.value = '3,4,20,28,3'; f.dispatchEvent(new Event('change')); })
                (document.querySelector('.bar input.wide'))""")
    with h5py.File(folder / "map.h5") as file:
        step = file["entry/strain/scan_x"][1] - file["entry/strain/scan_x"][0]
        name = f"{step * 4},{step * 3},{step * 28},{step * 20}"
    vitrail(program, folder, "profile", "map.h5", "--quantity", "exx", "--line", name, "--width", f"{3 * step}", "-o", "line.csv")
    mean = np.genfromtxt(folder / "line.csv", delimiter=",", skip_header=2)[:, 1]

    def is_right():
        table = saved(page, folder, "-xx.csv", lambda: click(page, "CSV", "#plots figure"))
        # the page shows per cent, the command fractions
        return len(table) == len(mean) and np.allclose(table[:, 1], 100 * mean, atol=1e-5, equal_nan=True)

    wait_for(is_right, "the profile of the command")
    click(page, "Clear", "#maps")


def check_region(page, folder):
    click(page, "Region", "#maps")
    page.drag(centre_of(page, 4, 6), centre_of(page, 9, 19))
    page.wait("document.querySelector('#numbers .title')?.textContent.includes('84 positions')")
    mean = np.nanmean(100 * dataset(folder, "strain/exx")[4:10, 6:20].astype("f8"))
    (value, error, *_), = numbers_saved(page, folder)["exx"]
    assert abs(value - mean) < 1e-6 and abs(number_shown(page, "strain/exx") - mean) < error, (value, mean)
    page.wait("document.querySelector('#pattern .caption').textContent.startsWith('mean of 84 patterns')")
    assert page.run("(e => e.scrollWidth <= e.clientWidth)(document.getElementById('numbers'))"), "numbers are cut off"
    click(page, "Keep", "#maps")
    page.drag(centre_of(page, 14, 6), centre_of(page, 19, 19))
    page.wait("document.querySelectorAll('#plots svg')[0].querySelectorAll('path').length === 2")
    page.wait("document.querySelector('#numbers tr[data-name=\"strain/exx\"] .kept')")
    click(page, "Keep", "#maps")
    page.wait("!document.querySelector('#numbers .kept')")
    click(page, "Clear", "#maps")
    click(page, "Point", "#maps")


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


def check_recording_alone(page, address):
    """Without a map file an image is there by itself."""
    page.open(address)
    page.wait("document.body?.dataset.ready")
    page.wait("document.querySelector('[aria-label=\"Virtual detector\"]').value === 'disc'")
    blank = page.run("""(c => { const d = document.createElement('canvas'); d.width = c.width; d.height = c.height;
        return d.toDataURL(); })(document.querySelector('#maps canvas'))""")
    page.wait(f"document.querySelector('#maps canvas').toDataURL().length > {len(blank) + 1000}")
    point_at(page, 3, 3)
    page.wait("document.querySelector('#pattern .caption').textContent.includes('counts')")
    assert not page.errors, page.errors


def check_filling(program, folder):
    """A map file that another one replaces while it has missing positions is shown anew; the choices stay."""
    shutil.copy(folder / "map.h5", folder / "filling.h5")
    shutil.copy(folder / "map.h5", folder / "filled.h5")
    with h5py.File(folder / "filling.h5", "r+") as file:
        file["entry/ring/flags"][N_Y // 2:] = 1
        file["entry/strain/eyy"][N_Y // 2:] = np.nan
    with served(program, folder, "filling.h5") as address, Chromium() as page:
        page.open(address)
        page.wait("document.body?.dataset.ready")
        check_quantity(page)
        before = page.run("document.querySelector('#maps canvas').toDataURL()")
        (folder / "filled.h5").rename(folder / "filling.h5")
        page.wait("document.body.dataset.reading === '2'", timeout=60)
        page.wait(f"document.querySelector('#maps canvas').toDataURL() !== {json.dumps(before)}")
        assert page.run("document.querySelector('[aria-label=\"Quantity of Map 1\"]').value") == "strain/eyy"
        assert not page.errors, page.errors


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
            check_detector(page, folder)
            if len(sys.argv) > 2:
                page.screenshot(Path(sys.argv[2]) / "detector.png")
            check_reference(page, program, folder)
            check_axis(page, program, folder)
            check_line(page, program, folder)
            check_region(page, folder)
            check_polygons(page, folder)
            check_comparison(page, folder)
            check_files(page, folder)
            check_focus(page)
            check_fits(page)
            check_more_maps(page, folder)
            if len(sys.argv) > 2:
                page.screenshot(Path(sys.argv[2]) / "page.png")
            assert not page.errors, page.errors
        with served(program, folder, "scan.npy") as address, Chromium() as page:
            check_recording_alone(page, address)
        check_filling(program, folder)
        seconds = check_large_recording(program, folder)
        print(f"the first image of a recording of 100 GB after {seconds:.2f} s")
        # two on a machine of its own
        assert seconds < 20, seconds
    print("the page shows what the files hold")


main()
