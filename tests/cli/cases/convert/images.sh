# A bitmap and an MRC, as a microscope's software exports single patterns, to NumPy.
"$PYTHON" - <<'TXT'
import struct

grey = b"\1\1\1\2\2\2\0\0" + b"\3\3\3\4\4\4\0\0"  # the lower row first, padded
with open("pattern.bmp", "wb") as file:
    file.write(struct.pack("<2sIII", b"BM", 70, 0, 54) + struct.pack("<IiiHH24x", 40, 2, 2, 1, 24) + grey)
header = bytearray(1024)
struct.pack_into(">10i", header, 0, 3, 2, 2, 6, 0, 0, 0, 3, 2, 2)
struct.pack_into(">3i", header, 64, 1, 2, 3)
header[208:214] = b"MAP \x11\x11"
with open("stack.mrc", "wb") as file:
    file.write(header + struct.pack(">12H", *range(300, 312)))
TXT
vitrail info pattern.bmp
vitrail info stack.mrc
vitrail convert pattern.bmp pattern.npy
vitrail convert stack.mrc stack.npy
"$PYTHON" -c 'import numpy; print(numpy.load("pattern.npy").tolist()); print(numpy.load("stack.npy").tolist())'
head -c 1030 stack.mrc >cut.mrc
head -c 60 pattern.bmp >cut.bmp
quiet_status_of vitrail info cut.mrc
quiet_status_of vitrail info cut.bmp
