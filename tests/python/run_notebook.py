#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A notebook as it is kept here, without results, and its code from the first cell to the last: run_notebook.py FILE.ipynb

Cells are run as they stand, plain Python without a notebook's own commands, so nothing of Jupyter is needed. What a notebook asserts has
to hold, and every figure is drawn. Ends with 77 where matplotlib is not installed.
"""
import json
import sys
import tempfile
import warnings
from pathlib import Path

try:
    import matplotlib
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

matplotlib.use("agg")
import matplotlib.pyplot as plt


def is_clean(notebook):
    """Of the format that is written today, and stored without results."""
    cells = notebook["cells"]
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5), "not of notebook format 4.5"
    assert len({cell["id"] for cell in cells}) == len(cells), "two cells of one id"
    for cell in cells:
        if cell["cell_type"] == "code":
            assert (cell["outputs"], cell["execution_count"]) == ([], None), "stored with results; clear them"
    return cells


def run(cells, name):
    """The code cells one after the other in one module; the figures that each leaves are drawn, as a notebook would. Their number."""
    module, n_figures = {"__name__": "__main__"}, 0
    for i, cell in enumerate(cells):
        if cell["cell_type"] != "code":
            continue
        exec(compile("".join(cell["source"]), f"{name}, cell {i + 1}", "exec"), module)
        for number in plt.get_fignums():
            plt.figure(number).canvas.draw()
            n_figures += 1
        plt.close("all")
    return n_figures


def main(path):
    cells = is_clean(json.loads(path.read_text(encoding="utf-8")))
    warnings.filterwarnings("ignore", "a fraction is open")
    with tempfile.TemporaryDirectory() as folder:
        tempfile.tempdir = folder  # for what the notebook leaves behind
        assert run(cells, path.name) > 0, "no figure"


main(Path(sys.argv[1]))
