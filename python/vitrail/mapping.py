# SPDX-License-Identifier: GPL-3.0-or-later
"""The pass over a recording, and strain from the rings that it fits."""

from . import mapfile
from ._library import call, ffi, lib
from ._settings import Settings, spread
from ._work import Work
from .calibration import measure
from .mapfile import MapFile, command_text


def map(recording, path, *, calibration=None, threads=0, progress=None, force=False, **settings):
    """One pass over a recording: ring, profile, direct beam and virtual images of every position, in the map file `path`.

    calibration: a :class:`Calibration`; measured unless given. Settings as of ``vitrail map``: fit, beam, profile_step,
    sectors, virtual, scan_rotation, flip, ..., and those of :func:`calibrate`. The map is the same, to the bit, as that of the
    command line. Returns a :class:`MapFile`.
    """
    params = Settings("vtr_map_params", lib.vtr_map_parameters)
    calibrate_params = Settings("vtr_calibrate_params", lib.vtr_calibrate_parameters)
    spread(settings, params, calibrate_params)
    command = command_text("map", [recording.path, path], settings)
    with (target := mapfile.creating(path, force)) as handle:
        if calibration is None:
            calibration = measure(recording, calibrate_params, threads, progress)
        work = Work(progress)
        work.call(
            lib.vtr_map, handle, recording._handle, calibration._handle, params.values, threads, ffi.NULL, work.progress
        )
        mapfile.note(handle, "map", command, [params, calibrate_params, recording.settings], recording.path)
        target.commit()
    return MapFile(path)


def strain(maps, **settings):
    """Strain, density, energy and curl from the rings of a map file, added to it as /entry/strain.

    Settings as of ``vitrail strain``: reference as ((y0, y1), (x0, x1)), axis, scan_rotation, flip, young, poisson,
    descan, ... Returns the :class:`MapFile`: ``maps["exx"].values``, ``.errors``.
    """
    params = Settings("vtr_field_params", lib.vtr_field_parameters, lib.vtr_field_default_params)
    spread(settings, params)
    maps = maps if isinstance(maps, MapFile) else MapFile(maps)
    ring, field = ffi.new("vtr_ring_map *"), ffi.new("vtr_field *")
    try:
        with (target := mapfile.editing(maps)) as handle:
            call(lib.vtr_ring_map_read, ring, handle)
            call(lib.vtr_field_compute, field, ring, params.values)
            call(lib.vtr_field_write, handle, field)
            mapfile.note(handle, "strain", command_text("strain", [maps.path], settings), [params])
            target.commit()
    finally:
        lib.vtr_ring_map_release(ring)
        lib.vtr_field_release(field)
    return maps
