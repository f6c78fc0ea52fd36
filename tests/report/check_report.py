#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report against the map file: every number that it shows is the file's within the digits shown; it is valid HTML
without an address elsewhere; its sentences follow what the file says. usage: check_report.py VITRAIL numbers|odd|methods
"""
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import h5py
import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import page as pages  # noqa: E402

CASES = HERE.parent / "cli"
NO_DATA = 0x7f  # the bits of `flags` with which there is no value: include/vitrail/types.h


def vitrail(folder, *words):
    done = subprocess.run([VITRAIL, *words, "--quiet"], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (words, done.stderr)


def make(folder, script, *words):
    subprocess.run([sys.executable, str(CASES / script), *words], cwd=folder, check=True)


# --- the truth of a number ----------------------------------------------------------------------------------------

def values_of(file, shown):
    found = file["entry"]
    for part in shown.path.split("/"):
        if part:
            found = found[part]
    if shown.attribute is not None:
        return np.asarray(found.attrs[shown.attribute], float).ravel()
    return found


def taken(values, take):
    """What the page says it took of all values."""
    data = np.asarray(values[()] if isinstance(values, h5py.Dataset) else values)
    if take in ("min", "max"):
        return float(getattr(np, f"nan{take}")(data))
    if take in ("rows", "columns"):
        return data.shape[("rows", "columns").index(take)]
    if take.startswith(("bit", "flagged", "lost", "fitted")):
        name, _, share = take.partition("-")
        chosen = {"flagged": data != 0, "lost": data & NO_DATA != 0, "fitted": data & NO_DATA == 0}.get(name)
        chosen = data >> int(name[3:]) & 1 if chosen is None else chosen
        return float(np.mean(chosen) if share else np.sum(chosen))
    kept = np.sort(data.astype("f4")[np.isfinite(data)])
    if take == "valid":
        return kept.size / data.size
    if take == "median":
        return float(np.median(kept.astype(float)))
    return float(kept[kept.size // 20 if take == "p5" else kept.size - 1 - kept.size // 20])


def check_value(file, shown):
    where = (shown.path, shown.attribute, shown.index, shown.take, shown.text)
    if shown.take == "text":
        node = file["entry/" + shown.path]
        value = node.attrs[shown.attribute] if shown.attribute else node[()]
        value = value.decode() if isinstance(value, bytes) else str(value)
        assert shown.text == value, where
        return
    values = values_of(file, shown)
    if shown.take == "yes":
        assert shown.text == ("yes" if values[0] else "no"), where
        return
    if shown.take == "shape":
        assert shown.text == (" × ".join(str(n) for n in values.shape) or "one"), where
        return
    if shown.take:
        truth = taken(values, shown.take) if shown.text != "–" else np.nan
    else:
        truth = float(np.asarray(values[()] if isinstance(values, h5py.Dataset) else values).ravel()[shown.index])
    if shown.text == "–":
        assert not np.isfinite(truth), where
        return
    value, step = pages.number(shown.text)
    truth *= shown.factor
    assert abs(value - truth) <= step * 1.001 + 1e-6 * abs(truth), (where, truth)


def check_page(folder, name, has_sections):
    """Form, numbers, sections, and what the validator says; the page's text."""
    vitrail(folder, "report", f"{name}.h5", "-o", f"{name}.html", "--force")
    path = folder / f"{name}.html"
    text = path.read_text(encoding="utf-8")
    page = pages.check_form(text)
    with h5py.File(folder / f"{name}.h5") as file:
        for shown in page.shown:
            check_value(file, shown)
        # a section for every group, each with a number of its own
        for group in file["entry"]:
            if group != "process":
                assert any(s.path == group or s.path.startswith(group + "/") for s in page.shown), group
    for section in has_sections:
        assert section in page.ids, section
    if shutil.which("tidy"):
        done = subprocess.run(["tidy", "-q", "-e", "-utf8", path], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[:2000]
    else:
        print("tidy is not here: the page was not validated")
    print(f"{name}: {len(page.shown)} values, {len(page.images)} pictures, {len(text) // 1024} KiB")
    return page


# --- files --------------------------------------------------------------------------------------------------------

def make_glass(folder):
    """A mixture with everything of /entry/pdf and /entry/phases."""
    alloy = ["--composition", "Fe85.2Si0.5B9.5P4Cu0.8", "--density", "0.0872", "--qmax", "14", "--peak", "1.6:3.4",
             "--equal-sizes"]
    vitrail(folder, "simulate", "two-phase", "-o", "glass_scan.h5", "--scan", "16x18", "--electrons", "1e6")
    vitrail(folder, "map", "glass_scan.h5", "-o", "glass.h5", "--sectors", "8")
    vitrail(folder, "strain", "glass.h5")
    vitrail(folder, "pdf", "glass.h5", *alloy)
    vitrail(folder, "pdf", "glass.h5", *alloy, "--sectors", "--image", "near=r:2:3", "--region", "close=nearest<2.5")
    vitrail(folder, "phases", "glass.h5", "--components", "2", "--consensus", "3")


def make_band(folder):
    make(folder, "make_strain_map.py", "inclusions.h5", "holes")
    vitrail(folder, "inclusions", "inclusions.h5")
    make(folder, "make_band_map.py", "bands.h5")
    vitrail(folder, "bands", "bands.h5")


def make_field(folder):
    make(folder, "make_ring_map.py", "field.h5", "12", "18", "1e-4")
    make(folder, "make_beam_map.py", "field.h5", "12", "18", "60", "-20")
    make(folder, "make_beam_map.py", "vacuum.h5", "5", "9", "0", "0")
    vitrail(folder, "strain", "field.h5", "--young", "140", "--poisson", "0.3", "--axis", "30")
    vitrail(folder, "magnetic", "field.h5", "--vacuum", "vacuum.h5", "--thickness", "100", "--magnetostriction", "25")


def check_numbers(folder):
    make_glass(folder)
    check_page(folder, "glass", ["summary", "group-pdf", "group-phases", "group-sectors", "group-virtual",
                                 "group-beam", "group-mean", "group-calibration", "methods", "process", "contents"])
    make_band(folder)
    found = check_page(folder, "inclusions", ["group-strain", "group-inclusions"])
    assert any(s.path.startswith("inclusions/catalogue/") for s in found.shown)
    found = check_page(folder, "bands", ["group-strain", "group-bands"])
    assert any(s.path == "bands/angle" for s in found.shown)
    make_field(folder)
    found = check_page(folder, "field", ["group-ring", "group-strain", "group-magnetic", "flags"])
    assert any(s.path == "magnetic/walls/length" or s.path == "magnetic/angle_count" for s in found.shown)
    # the test can fail: a number that is another one than the file's is found
    with h5py.File(folder / "field.h5", "r+") as file:
        wrong = next(s for s in found.shown if s.path == "strain" and s.attribute == "young_gpa")
        file["entry/strain"].attrs["young_gpa"] = 141.0
        try:
            check_value(file, wrong)
        except AssertionError:
            return
    raise SystemExit("a wrong number was not found")


# --- odd files ----------------------------------------------------------------------------------------------------

HOSTILE = ['<script>alert("1")</script>', "a \"quoted\" & 'odd' <name>", "x" * 100, "with  spaces\tand tab", "]]>--><!--"]


def check_odd(folder):
    make(folder, "make_ring_map.py", "ring.h5", "6", "9")
    with h5py.File(folder / "ring.h5", "r+") as file:  # nothing but the ring
        assert list(file["entry"]) == ["ring"]
    check_page(folder, "ring", ["summary", "flags", "group-ring"])

    shutil.copy(folder / "ring.h5", folder / "lost.h5")
    with h5py.File(folder / "lost.h5", "r+") as file:
        vitrail_axes(file["entry/ring"])
        file["entry/ring/flags"][...] = 1 << 3 | 1 << 9 | 1 << 20
        file["entry/ring/ellipse"][...] = np.nan
        file["entry/ring/chi2"][...] = np.nan
    page = check_page(folder, "lost", ["flags"])
    assert "No position has a value" in "".join(page.texts)
    assert "unknown reason (bit 20)" in "".join(page.texts)

    shutil.copy(folder / "ring.h5", folder / "hostile.h5")
    with h5py.File(folder / "hostile.h5", "r+") as file:
        entry = file["entry"]
        axes = entry.create_group("virtual")
        vitrail_axes(axes)
        for name in [n for n in HOSTILE if "/" not in n]:
            axes[name] = np.ones((6, 9), "f4")
            axes[name].attrs["units"] = "<b>counts</b>"
        for number, name in enumerate([n for n in HOSTILE if "/" not in n]):
            group = entry.create_group("pdf/regions/" + name)
            group.attrs["definition"] = name
            group.attrs["positions"] = float(number)
            group[name] = np.arange(3.0)
            group[name].attrs["long_name"] = name
        # names and texts that are no UTF-8, and such as no page may hold
        raw = h5py.h5g.create(entry.id, b"caf\xe9\x01")
        h5py.Group(raw).attrs["text"] = np.bytes_(b"\xff\xfe <i>\x00")
        h5py.Group(raw).attrs[HOSTILE[0]] = HOSTILE[0]
        entry["energy"] = 1.0  # a dataset where a group is usual
        entry.create_group("series").attrs["temperature_k"] = 300.0
        step = entry.create_group("process/" + "<b>step</b>")
        step["command"] = HOSTILE[0]
        step["parameters"] = "x = <script>\n"
        step["recipe"] = "a: <b>\nb: &amp;\n"
    vitrail(folder, "report", "hostile.h5", "-o", "hostile.html")
    text = (folder / "hostile.html").read_bytes().decode("utf-8")
    page = pages.check_form(text)
    said = "".join(page.texts)
    for name in HOSTILE[1:3]:
        assert name in said, name
    assert "<script" not in text and "<b>counts" not in text and "\x01" not in text
    assert "<script>" in said and "caf\ufffd\ufffd" in said and "temperature k" in said.lower()
    if shutil.which("tidy"):
        done = subprocess.run(["tidy", "-q", "-e", "-utf8", folder / "hostile.html"], capture_output=True, text=True,
                              check=False)
        assert done.returncode == 0, done.stderr[:2000]


def vitrail_axes(group):
    group["scan_y"], group["scan_x"] = np.arange(6.0), np.arange(9.0)


# --- sentences ----------------------------------------------------------------------------------------------------

def methods_of(folder, name):
    vitrail(folder, "report", f"{name}.h5", "-o", f"{name}.html", "--force")
    text = (folder / f"{name}.html").read_text(encoding="utf-8")
    pages.check_form(text)
    methods = re.search(r'<section id="methods".*?</section>', text, re.S).group()
    return re.sub(r"\s+", " ", re.sub("<[^>]*>", "", methods))


# group, attribute, value, what the text says then and does not say otherwise, keys of the references
SENTENCES = [
    ("ring", "fit", "likelihood", "by maximum likelihood", ["huber1967"]),
    ("ring", "fit", "sectors", "azimuthal sector of the ring", []),
    ("ring", "fit", "threshold", "by direct least squares", ["fitzgibbon1999", "halir1998"]),
    ("strain", "definition", "k0/k_i - 1 along each", "k0/k − 1", []),
    ("strain", "definition", "(k0 - k_i)/k0 along each", "To first order", []),
    ("strain", "reference_found", 1.0, "which the program found", []),
    ("strain", "reference_found", 0.0, "a region that was chosen", []),
    ("strain", "mean", 1.0, "is the mean of both", []),
    ("strain", "mean", 0.0, "is the sum of both", []),
    ("strain", "young_gpa", 140.0, "that of plane stress", []),
    ("strain", "axis", 12.5, "turned by 12.5°", []),
    ("strain", "axis", 0.0, "in the frame of the scan", []),
    ("inclusions", "core", "hard: alike", "alike up to the radius", ["eshelby1957"]),
    ("inclusions", "core", "gaussian: exp", "falls off as a Gaussian", ["eshelby1957"]),
    ("bands", "count", 0.0, "None was found", []),
    ("bands", "count", 2.0, "2 were found", []),
    ("pdf", "scale_from", "the given density", "set by the number density", []),
    ("pdf", "scale_from", "least squares over fit_range", "fitted by least squares to the atoms", []),
    ("pdf", "scale_from", "given", "The scale was given", []),
    ("pdf", "scale_from", "the intensity at one Q", "by the intensity at one Q", []),
    ("pdf", "window", "none", "No window", []),
    ("pdf", "window", "lorch", "Lorch's window", ["lorch1969"]),
    ("pdf", "background_terms", 0.0, "No background polynomial", []),
    ("phases", "method", "nmf", "non-negative matrix factorisation", ["lee1999", "berry2007"]),
    ("phases", "method", "ica", "independent components", ["hyvarinen1999"]),
    ("phases", "method", "mlls", "by given references", []),
    ("phases", "principle", "smallest volume around", "the smallest volume", []),
    ("phases", "principle", "nearly pure positions", "nearly pure positions", ["araujo2001"]),
    ("phases", "principle", "none: the best of the starts", "No principle chose", []),
    ("magnetic", "definition", "deflection = (e lambda t/h) (By, -Bx)", "The induction follows", ["chapman1984"]),
    ("magnetic", "definition", "deflection = -e lambda t/(h v) (Ex, Ey)", "The electric field follows", []),
    ("magnetic", "descan", "the vacuum recording alone", "over a vacuum recording", []),
    ("calibration", "noise.is_counting", 1.0, "The camera counts electrons", []),
]
SETTINGS = [("pdf", "factors", "lobato", "Lobato and Van Dyck", ["lobato2014"]),
            ("pdf", "factors", "kirkland", "those of Kirkland", ["kirkland2010"]),
            ("map", "k-scale", "gold.h5", "gold.h5", [])]


def check_references(text, keys):
    """The references of a sentence stand in the list and as BibTeX; citations are numbered as the list is."""
    for key in keys:
        assert re.search(r"@\w+\{" + key + ",", text), (key, text[-3000:])
    listed, bibtex = re.search(r"References (.*?) The references in BibTeX (.*)", text).groups()
    cited = [int(n) for n in re.findall(r"\d+", " ".join(re.findall(r"\[([\d, ]+)\]", text)))]
    assert sorted(set(cited)) == list(range(1, len(set(cited)) + 1)), cited
    first = [n for i, n in enumerate(cited) if n not in cited[:i]]
    assert first == sorted(first), first
    assert len(re.findall(r"@\w+\{", bibtex)) == len(set(cited)), (cited, bibtex)
    assert bibtex.count("{") == bibtex.count("}") and len(listed) > 20


def check_methods(folder):
    make(folder, "make_ring_map.py", "plain.h5", "6", "9")
    base = methods_of(folder, "plain")
    check_references(base, ["vitrail"])
    for group, attribute, value, says, keys in SENTENCES:
        assert says not in base, says
        shutil.copy(folder / "plain.h5", folder / "one.h5")
        with h5py.File(folder / "one.h5", "r+") as file:
            file["entry"].require_group(group).attrs[attribute] = value
            if attribute == "young_gpa":
                file["entry/strain"].attrs["poisson"] = 0.3
        text = methods_of(folder, "one")
        assert says in text, (group, attribute, value, text)
        check_references(text, keys)
        # and of the others with the same attribute, none
        for other in SENTENCES:
            if other[:2] == (group, attribute) and other[3] != says:
                assert other[3] not in text, (value, other)
    for step, name, value, says, keys in SETTINGS:
        shutil.copy(folder / "plain.h5", folder / "one.h5")
        with h5py.File(folder / "one.h5", "r+") as file:
            file["entry"].require_group(step)
            file[f"entry/process/{step}/parameters"] = f"other = 1\n{name} = {value}\n"
        text = methods_of(folder, "one")
        assert says in text, (step, name, text)
        check_references(text, keys)
    print(f"{len(SENTENCES) + len(SETTINGS)} sentences")


if __name__ == "__main__":
    VITRAIL = str(Path(sys.argv[1]).resolve())
    with tempfile.TemporaryDirectory(prefix="vitrail-report-") as where:
        {"numbers": check_numbers, "odd": check_odd, "methods": check_methods}[sys.argv[2]](Path(where))
