# SPDX-License-Identifier: GPL-3.0-or-later
"""Keyword arguments as the library's parameter tables take them: the same names, ranges and words as on the command line,
with _ for -."""

import difflib

from ._library import call, ffi, lib, text
from .errors import ArgumentError


def _parameters(table):
    return [table.parameters[i] for i in range(table.n)]


def _words(name, value):
    """A value as it is typed on the command line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, slice):
        return f"{value.start}:{value.stop}"
    if isinstance(value, (tuple, list)):
        if len(value) == 2 and all(isinstance(item, (tuple, list)) for item in value):
            return ",".join(f"{low}:{high}" for low, high in value)  # a box: ((y0, y1), (x0, x1))
        if len(value) == 2:
            return f"{_words(name, value[0])}:{_words(name, value[1])}"
        return "x".join(str(item) for item in value)
    return repr(float(value)) if isinstance(value, float) else str(value)


class Settings:
    """A parameter struct of the library, filled from keyword arguments; keeps the texts that it points to alive."""

    def __init__(self, struct, table, default=None):
        self.table = table
        self.values = ffi.new(f"{struct} *")
        self._texts = []
        if default is not None:
            self.values[0] = default()
        else:
            lib.vtr_parameters_default(ffi.addressof(table), self.values)

    def names(self):
        return [text(p.name).replace("-", "_") for p in _parameters(self.table)]

    def set(self, name, value):
        """Sets one parameter; None leaves it as it is. Lists of texts set a repeatable option item by item."""
        if value is None:
            return
        parameter = lib.vtr_parameters_find(ffi.addressof(self.table), name.replace("_", "-").encode())
        is_list = parameter.type == lib.VTR_PARAMETER_LIST
        for item in value if is_list and isinstance(value, (list, tuple)) else [value]:
            if hasattr(item, "__fspath__"):
                item = item.__fspath__()
            if parameter.type == lib.VTR_PARAMETER_SHAPE and isinstance(item, (list, tuple)):
                item = "x".join(str(n) for n in item)
            words = ffi.new("char[]", _words(name, item).encode())
            self._texts.append(words)
            call(lib.vtr_parameters_set, parameter, self.values, words)

    def lines(self):
        """"name = value" lines, as the map file keeps them."""
        buffer = ffi.new("char[]", 4096)
        lines = []
        for parameter in _parameters(self.table):
            lib.vtr_parameters_format(ffi.addressof(parameter), self.values, buffer, 4096)
            lines.append(f"{text(parameter.name)} = {text(buffer)}\n")
        return "".join(lines)

    def document(self):
        """A line a parameter: name, unit, help."""
        rows = []
        for p in _parameters(self.table):
            unit = f" ({text(p.unit)})" if p.unit != ffi.NULL else ""
            rows.append(f"{text(p.name).replace('-', '_')}{unit}: {text(p.help)}")
        return rows


def spread(arguments, *settings):
    """Gives each keyword argument to the settings that know it; unknown ones are refused with what was meant."""
    known = [name for s in settings for name in s.names()]
    for name, value in arguments.items():
        owner = next((s for s in settings if name in s.names()), None)
        if owner is None:
            close = difflib.get_close_matches(name, known, 1)
            raise ArgumentError(f"there is no setting '{name}'" + (f"; did you mean '{close[0]}'?" if close else ""))
        owner.set(name, value)
