# SPDX-License-Identifier: GPL-3.0-or-later
"""Every other command of the command line as a function.

What these commands do beside the library, reading what earlier steps left in the map file and keeping their own there,
is the program's, so the program is called: nothing is computed twice in two ways, and results are its own. Options are
keyword arguments with _ for -; the result is what ``--json`` prints, as dictionaries, lists and numbers, None where the
command prints none. Warnings are Python's; a failure is a :class:`vitrail.errors.VitrailError` with the program's sentence,
one of wrong usage an ArgumentError, and an ExistsError where an output is there and force=True was not said.
"""

import json
import os
import shutil
import subprocess
import warnings
from pathlib import Path

from ._settings import _words
from .errors import ArgumentError, ExistsError, InterruptedWork, NotFoundError, VitrailError
from .mapfile import MapFile
from .recording import Recording

_USAGE, _INTERRUPTED = 2, 130
_WARNING = "vitrail: warning: "


def _program():
    """The program that VITRAIL_PROGRAM names, that lies beside this file, or that the shell would find."""
    beside = Path(__file__).resolve().parent / "vitrail"
    found = os.environ.get("VITRAIL_PROGRAM") or (str(beside) if beside.is_file() else shutil.which("vitrail"))
    if found is None:
        raise NotFoundError("there is no program 'vitrail'; install it, or set VITRAIL_PROGRAM to its path")
    return found


def _input(item):
    """A path, or what was opened from one, as a word of the command line; a name such as that of a preset stays."""
    return os.fspath(item.path if isinstance(item, (MapFile, Recording)) else item)


def _options(settings):
    """--name=value of each setting; a list repeats the option, as on the command line."""
    words = []
    for name, value in settings.items():
        for item in value if isinstance(value, list) else [] if value is None else [value]:
            item = _words(name, os.fspath(item) if hasattr(item, "__fspath__") else item)
            words += [f"-{name}", item] if len(name) == 1 else [f"--{name.replace('_', '-')}={item}"]
    return words


def _check(name, status, sentences):
    """Raises what the program said, of the class that its exit status tells."""
    if status == 0:
        return
    text = "\n".join(sentences).removeprefix(f"vitrail {name}: ") or f"vitrail {name} ended with {status}"
    if status == _INTERRUPTED:
        raise InterruptedWork(text)
    raise (ArgumentError if status == _USAGE else VitrailError)(text)


def command(name, *inputs, **settings):
    """Runs ``vitrail NAME INPUTS``; the functions below are this with a name each. Returns what --json prints."""
    output = settings.get("output")
    if output is not None and not settings.get("force") and os.path.exists(output):
        raise ExistsError(f"'{os.fspath(output)}' exists; say force=True to replace it")
    words = [_program(), name, *_options({**settings, "json": True}), "--", *map(_input, inputs)]
    done = subprocess.run(words, capture_output=True, encoding="utf-8", check=False)
    sentences = []
    for line in done.stderr.splitlines():
        if line.startswith(_WARNING):
            warnings.warn(line[len(_WARNING) :], stacklevel=3)
        else:
            sentences.append(line)
    _check(name, done.returncode, sentences)
    try:
        return json.loads(done.stdout)
    except ValueError:
        return None  # a command that prints sentences, or nothing


def bands(maps, **settings):
    """Shear bands in the strain of a map file, added as /entry/bands: lines (nm), steps (strain), widths (nm), network,
    and the random strain of the matrix; ``vitrail bands``."""
    return command("bands", maps, **settings)


def compare(maps, **settings):
    """Whether PDFs of regions differ, with errors counted in blocks, added as /entry/pdf/comparison (r in angstrom, G in
    1/angstrom^2); ``vitrail compare``."""
    return command("compare", maps, **settings)


def convert(recording, output, **settings):
    """Writes a recording [scan_y][scan_x][det_y][det_x], or a part of it, in the format that the ending of `output` names;
    ``vitrail convert``."""
    if not settings.get("force") and os.path.exists(output):
        raise ExistsError(f"'{os.fspath(output)}' exists; say force=True to replace it")
    return command("convert", recording, output, **settings)


def energy(maps, **settings):
    """Elastic energy (J/m^3) of regions, bands and matrix without that of noise, added as /entry/energy; ``vitrail
    energy``."""
    return command("energy", maps, **settings)


def export(maps, output, *quantities, **settings):
    """Maps for other programs, all or those named; the ending of `output` names the format; ``vitrail export``."""
    return command("export", maps, *_joined(quantities), output=output, **settings)


def figure(source, output, *quantities, **settings):
    """A figure of quantities of a map file, or with pattern="Y,X" of a recording, as PNG, SVG or PDF; ``vitrail figure``."""
    return command("figure", source, *_joined(quantities), output=output, **settings)


def fluctuation(*recording, **settings):
    """The normalised variance V(k) of a recording, k in 1/Å, and with `model` of an atomic model; ``vitrail fluctuation``."""
    return command("fluctuation", *recording, **settings)


def inclusions(maps, **settings):
    """Eshelby inclusions in the strain of a map file, added as /entry/inclusions: centres and radii (nm), eigenstrains;
    ``vitrail inclusions``."""
    return command("inclusions", maps, **settings)


def info(path, **settings):
    """What a recording or a map file holds: format, shape, numbers, calibration; ``vitrail info``."""
    return command("info", path, **settings)


def magnetic(maps, **settings):
    """Magnetic induction (T) or electric field (V/m) from the direct beam of a map file, added as /entry/magnetic;
    ``vitrail magnetic``."""
    return command("magnetic", maps, **settings)


def phases(maps, **settings):
    """The structures that the PDFs of a map file are mixtures of, with maps of their shares (0 to 1), added as
    /entry/phases; ``vitrail phases``."""
    return command("phases", maps, **settings)


def plan(preset, *model, **settings):
    """What precision a recording will have, before it is made: standard deviations of strain, density, beam; ``vitrail
    plan``."""
    return command("plan", preset, *model, **settings)


def profile(*maps, line, quantity, **settings):
    """Quantities of map files along a line or across it, with errors; line "X0,Y0,X1,Y1" in nm or such a tuple; ``vitrail
    profile``."""
    line = line if isinstance(line, str) else ",".join(str(float(place)) for place in line)
    return command("profile", *maps, line=line, quantity=quantity, **settings)


def report(*maps, output, **settings):
    """One HTML page with every map, plot, number and setting of map files; ``vitrail report``."""
    return command("report", *maps, output=output, **settings)


def run(*recipe, **settings):
    """Everything from calibrate to report from a recipe; init=True writes one for recordings; ``vitrail run``."""
    return command("run", *recipe, **settings)


def scratch(tracks, **settings):
    """Friction coefficient, scratch hardness and wear rate of materials from a table of scratch tests and their curves;
    ``vitrail scratch``."""
    return command("scratch", tracks, **settings)


def series(*maps, **settings):
    """One field at several thicknesses or annealing states, registered (shifts in nm, rotations in degrees) and compared;
    ``vitrail series``."""
    return command("series", *maps, **settings)


def simulate(preset, output, *model, **settings):
    """A recording of a simulated specimen in `output`, with its truth beside it (OUTPUT_truth.h5); ``vitrail simulate``."""
    return command("simulate", preset, *model, output=output, **settings)


def structure(model, **settings):
    """Neighbours, Voronoi cells, bond angles and, with `after`, local strain and D2min (Å^2) of an atomic model; ``vitrail
    structure``."""
    return command("structure", model, **settings)


def thickness(unfiltered, zero_loss, **settings):
    """Thickness of a foil (nm) and t/lambda from an unfiltered and a zero-loss image of one field; ``vitrail
    thickness``."""
    return command("thickness", unfiltered, zero_loss, **settings)


def vortices(maps, **settings):
    """Defects of the directions of strain, winding +-1/2 or +-1, added as /entry/vortices (places in nm); ``vitrail
    vortices``."""
    return command("vortices", maps, **settings)


def _joined(quantities):
    return [",".join(quantities)] if quantities else []
