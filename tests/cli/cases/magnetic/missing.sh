# What is missing: vacuum, thickness, ring, disc, strain; each is said, and what can be made is made.
"$PYTHON" "$CASES/make_ring_map.py" ring.h5 12 18
"$PYTHON" "$CASES/make_beam_map.py" beam.h5 12 18 30 -60
"$PYTHON" "$CASES/make_beam_map.py" vacuum.h5 6 9 0 0
echo "no vacuum, no region, no thickness, no ring"
vitrail magnetic beam.h5 | grep -E "^(note|Bt|B |energy)" | cut -c1-100
echo "a thickness with holes"
"$PYTHON" - <<'END'
import numpy as np
thickness = np.full((12, 18), 100.0, "f4")
thickness[2, 3:5] = 0
np.save("holes.npy", thickness)
np.save("zero.npy", 0 * thickness)
END
vitrail magnetic beam.h5 --vacuum vacuum.h5 --thickness holes.npy | grep note
status_of vitrail magnetic beam.h5 --vacuum vacuum.h5 --thickness zero.npy
status_of vitrail magnetic beam.h5 --vacuum vacuum.h5 --thickness 0
echo "a fraction in place of ppm"
status_of vitrail magnetic beam.h5 --vacuum vacuum.h5 --magnetostriction 25e-6
echo "no disc: strain only"
status_of vitrail magnetic ring.h5
vitrail strain ring.h5 --reference 0:12,0:6 | grep -c exx
cp beam.h5 lost.h5
"$PYTHON" - <<'END'
import h5py, numpy as np
with h5py.File("lost.h5", "a") as file:
    file["entry/beam/x"][...] = np.nan
END
status_of vitrail magnetic lost.h5
status_of vitrail magnetic beam.h5 --vacuum lost.h5
