# SPDX-License-Identifier: GPL-3.0-or-later
"""Vitrail: 4D-STEM recordings of glasses to maps of strain, density and structure, every number with an error bar.

    import vitrail
    recording = vitrail.open("scan.h5")
    maps = vitrail.map(recording, "map.h5")
    vitrail.strain(maps, reference=((0, 20), (0, 40)))
    exx = maps["exx"]            # exx.values, exx.errors, exx.unit, exx.y, exx.x

Arrays are [scan_y][scan_x], as in the files. Settings have the names of the command line's options, with _ for -.
"""

from . import errors
from ._library import __version__
from .calibration import Calibration, calibrate
from .commands import (
    bands, command, compare, convert, energy, export, figure, fluctuation, inclusions, info, magnetic, phases, plan, profile, report,
    run, scratch, series, simulate, structure, thickness, vortices,
)
from .errors import VitrailError
from .frames import Frames
from .mapfile import MapFile, Quantity
from .mapping import map, strain
from .pdf import PDF, pdf, pdf_map
from .recording import Recording, open

__all__ = [
    "Calibration", "Frames", "MapFile", "PDF", "Quantity", "Recording", "VitrailError", "__version__", "bands", "calibrate", "command",
    "compare", "convert", "energy", "errors", "export", "figure", "fluctuation", "inclusions", "info", "magnetic", "map", "open", "pdf",
    "pdf_map", "phases", "plan", "profile", "report", "run", "scratch", "series", "simulate", "strain", "structure", "thickness",
    "vortices",
]
