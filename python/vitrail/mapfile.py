# SPDX-License-Identifier: GPL-3.0-or-later
"""Map files: what the pass and the analyses write, as NumPy arrays with their errors."""

from dataclasses import dataclass

import numpy as np

from ._library import call, ffi, lib, path_bytes, text
from .errors import NotFoundError

_NUMPY = {0: "u1", 1: "u2", 2: "u4", 3: "i1", 4: "i2", 5: "i4", 6: "f4", 7: "f8"}


@dataclass
class Quantity:
    """values and errors (standard deviations; None where there are none), [scan_y][scan_x] or with more dimensions; no
    data is NaN. unit as in the file: "1" is a fraction. y, x: nm, or positions where the step is not known."""

    name: str
    values: np.ndarray
    errors: "np.ndarray | None"
    unit: str
    y: np.ndarray
    x: np.ndarray

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.values, dtype)

    def to_xarray(self):
        """An xarray.Dataset with the values and, where there are any, NAME_errors; needs xarray."""
        import xarray

        name = self.name.rsplit("/", 1)[-1]
        axes = ["y", "x"] + [f"axis_{i}" for i in range(2, self.values.ndim)]
        arrays = {name: (axes, self.values, {"units": self.unit})}
        if self.errors is not None:
            arrays[f"{name}_errors"] = (axes, self.errors, {"units": self.unit})
        return xarray.Dataset(arrays, coords={"y": self.y, "x": self.x})

    def to_hyperspy(self):
        """A HyperSpy signal with calibrated axes and the squared errors as its noise variance; needs hyperspy."""
        import hyperspy.api

        kind = hyperspy.api.signals.Signal2D if self.values.ndim == 2 else hyperspy.api.signals.Signal1D
        signal = kind(self.values)
        axes = signal.axes_manager.signal_axes if self.values.ndim == 2 else signal.axes_manager.navigation_axes
        for axis, places, name in zip(axes, (self.x, self.y), ("x", "y")):
            axis.name, axis.units = name, "nm"
            axis.offset, axis.scale = float(places[0]), float(places[1] - places[0]) if len(places) > 1 else 1.0
        signal.metadata.General.title = self.name
        if self.errors is not None:
            signal.set_noise_variance(signal._deepcopy_with_new_data(self.errors**2))
        return signal


class MapFile:
    """A map file, read when asked: ``maps["strain/exx"]`` is a :class:`Quantity`, ``list(maps)`` their names."""

    def __init__(self, path):
        self.path = path
        with self._reading():
            pass  # refuses what is no map file at once

    def __repr__(self):
        return f"<MapFile {self.path}: {', '.join(self)}>"

    def _reading(self):
        return _Open(lib.vtr_mapfile_open, self.path)

    def __iter__(self):
        names = []

        @ffi.callback("void(void *, const char *, const char *)")
        def visit(_user, group, name):
            names.append(f"{text(group)}/{text(name)}")

        with self._reading() as handle:
            call(lib.vtr_mapfile_list, handle, visit, ffi.NULL)
        return (name for name in names if not name.endswith("_errors"))

    def __contains__(self, name):
        group, _, leaf = name.rpartition("/")
        with self._reading() as handle:
            return bool(lib.vtr_mapfile_has(handle, group.encode(), leaf.encode()))

    def array(self, name):
        """Any dataset below /entry by its path ("pdf/r", "ring/wxx"), in the type that it has."""
        with self._reading() as handle:
            return _read(handle, name)

    def attribute(self, group, name):
        """A text attribute of a group."""
        buffer = ffi.new("char[]", 65536)
        with self._reading() as handle:
            call(lib.vtr_mapfile_read_text, handle, group.encode(), ffi.NULL, name.encode(), buffer, 65536)
        return text(buffer)

    def _full_name(self, name):
        if "/" in name:
            return name
        matches = [full for full in self if full.rsplit("/", 1)[-1] == name]
        if not matches:
            raise NotFoundError(f"'{self.path}' has no map '{name}'; it has {', '.join(self)}")
        return matches[0]

    def __getitem__(self, name):
        name = self._full_name(name)
        group, _, leaf = name.rpartition("/")
        with self._reading() as handle:
            values = _read(handle, name)
            has = lambda other: bool(lib.vtr_mapfile_has(handle, group.encode(), other.encode()))
            errors = _read(handle, f"{name}_errors") if has(f"{leaf}_errors") else None
            axes = [
                _read(handle, f"{group}/{axis}") if has(axis) else np.arange(n, dtype=float)
                for axis, n in zip(("scan_y", "scan_x"), values.shape)
            ]
            unit = _unit(handle, group, leaf)
        return Quantity(name, values, errors, unit, *axes)


class _Open:
    """A map file open to be read, or to be edited; what is edited and not committed is dropped."""

    def __init__(self, how, path, *arguments):
        self._how, self._path, self._arguments = how, path, arguments
        self.holder = ffi.new("vtr_mapfile **")

    def __enter__(self):
        call(self._how, self.holder, path_bytes(self._path), *self._arguments)
        return self.holder[0]

    def commit(self):
        call(lib.vtr_mapfile_commit, self.holder)

    def __exit__(self, *_failure):
        lib.vtr_mapfile_close(self.holder)


def _unit(handle, group, leaf):
    buffer, error = ffi.new("char[]", 64), ffi.new("vtr_error *")
    status = lib.vtr_mapfile_read_text(handle, group.encode(), leaf.encode(), b"units", buffer, 64, error)
    return text(buffer) if status == lib.VTR_OK else ""


def _read(handle, name):
    group, _, leaf = name.rpartition("/")
    rank, shape, kind = ffi.new("size_t *"), ffi.new("size_t[8]"), ffi.new("vtr_type *")
    call(lib.vtr_mapfile_shape, handle, group.encode(), leaf.encode(), rank, shape, kind)
    values = np.empty(tuple(shape[i] for i in range(rank[0])), _NUMPY[kind[0]])
    buffer = ffi.from_buffer("char[]", values, require_writable=True) if values.size else ffi.NULL
    call(lib.vtr_mapfile_read, handle, group.encode(), leaf.encode(), kind[0], values.size, buffer)
    return values


def creating(path, force):
    return _Open(lib.vtr_mapfile_create, path, force)


def editing(maps):
    return _Open(lib.vtr_mapfile_edit, maps.path if isinstance(maps, MapFile) else maps)


def note(handle, step, command, settings, source=None):
    """How it was made, as every analysis leaves it in the map file."""
    lines = "".join(s.lines() for s in settings)
    call(
        lib.vtr_mapfile_provenance, handle, step.encode(), command.encode(), lines.encode(),
        ffi.NULL if source is None else path_bytes(source),
    )


def command_text(name, positional, arguments):
    """The call as one would type it."""
    words = [repr(str(p)) for p in positional] + [f"{k}={v!r}" for k, v in arguments.items() if v is not None]
    return f"vitrail.{name}({', '.join(words)})"
