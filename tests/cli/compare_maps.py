# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares every group, dataset and attribute of two map files; dates, and where files are, are said and not compared.

usage: compare_maps.py A.h5 B.h5
"""
import re
import sys

import h5py
import numpy

TIMES = {"date"}
PLACES = {"command", "folder", "input"}
# among the settings of a step
PLACE = re.compile(rb"^(output|calibration) = .*$", re.MULTILINE)


def everything(file):
    """Path -> value of each dataset and attribute; of groups None."""
    found = {}

    def visit(name, item):
        found[name] = item[()] if isinstance(item, h5py.Dataset) else None
        for attribute, value in item.attrs.items():
            found[f"{name}@{attribute}"] = value

    visit("", file)
    file.visititems(visit)
    return found


def is_same(a, b):
    if isinstance(a, bytes) and isinstance(b, bytes):
        return PLACE.sub(b"", a) == PLACE.sub(b"", b)
    a, b = numpy.asarray(a), numpy.asarray(b)
    if a.dtype != b.dtype or a.shape != b.shape:
        return False
    return bool(numpy.all(a == b)) if a.dtype == object else a.tobytes() == b.tobytes()


def main():
    with h5py.File(sys.argv[1]) as first, h5py.File(sys.argv[2]) as second:
        a, b = everything(first), everything(second)
    different = sorted(name for name in a.keys() | b.keys()
                       if name not in a or name not in b or not is_same(a[name], b[name]))
    last = {name: name.replace("@", "/").split("/")[-1] for name in different}
    different = [name for name in different if last[name] not in TIMES]
    places = [name for name in different if last[name] in PLACES]
    others = [name for name in different if last[name] not in PLACES]
    print(f"compared more than {len(a) // 50 * 50}: {'all the same' if not others else others}"
          + (f"; other places in {', '.join(places)}" if places else ""))


main()
