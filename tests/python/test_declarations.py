# SPDX-License-Identifier: GPL-3.0-or-later
"""What Python thinks of the library's structs and constants is what the C compiler makes of the headers."""
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

from vitrail._library import ffi

INCLUDE = Path(os.environ["VITRAIL_SOURCE_DIR"]) / "include"


def members(kind):
    """Names of members, without what only bit offsets or anonymous structs would say."""
    return [name for name, field in kind.fields or [] if name and field.bitsize == -1]


class Declarations(unittest.TestCase):
    def test_structs_and_enums(self):
        names, _structs, _unions = ffi.list_types()
        structs = [n for n in names if n.startswith("vtr_") and ffi.typeof(n).kind == "struct" and ffi.typeof(n).fields]
        enums = [n for n in names if n.startswith("vtr_") and ffi.typeof(n).kind == "enum"]
        self.assertGreater(len(structs), 80)
        checks = []
        for name in structs:
            checks.append(f"sizeof({name}) == {ffi.sizeof(name)}")
            for member in members(ffi.typeof(name)):
                checks.append(f"offsetof({name}, {member}) == {ffi.offsetof(name, member)}")
        for name in enums:
            checks += [f"{constant} == {value}" for value, constant in ffi.typeof(name).elements.items()]
        source = "#include <stddef.h>\n"
        source += "".join(f'#include "vitrail/{p.name}"\n' for p in sorted((INCLUDE / "vitrail").glob("*.h")))
        source += "".join(f'_Static_assert({check}, "{check}");\n' for check in checks)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "check.c"
            path.write_text(source)
            command = [os.environ.get("CC", "cc"), "-std=c17", "-fsyntax-only", "-I", str(INCLUDE), str(path)]
            result = subprocess.run(command, capture_output=True, text=True)
        self.assertEqual(result.returncode, 0, result.stderr[:2000])


if __name__ == "__main__":
    unittest.main()
