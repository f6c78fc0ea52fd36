# One simulated pattern, as an image: centre, ellipse and k scale, and what a series locks.
vitrail simulate rings -o one.npy --scan 1x1 --pattern 192x192 --centre-x 92 --centre-y 99.5 --distortion 2 \
  --distortion-angle 30 --electrons 3e8 --middle empty >/dev/null
vitrail simulate rings -o two.npy --scan 1x1 --pattern 192x192 --centre-x 95 --centre-y 96 --electrons 3e8 --middle empty \
  --seed 7 >/dev/null
vitrail convert one.npy one.tif
for image in one.npy one.tif; do
  vitrail pdf "$image" --composition Fe80B20 --ring-k 0.49 --qmax 7 --json >found.json
  "$PYTHON" - <<'TXT'
import json
import re

found = json.load(open("found.json"))["results"][0]["input"]
x, y, ratio, angle = (float(text) for text in
                      re.match(r"pattern about \((.*), (.*)\) px, axis ratio (.*) at (.*) degrees", found).groups())
for name, value, truth, tolerance in (("x", x, 92, 0.1), ("y", y, 99.5, 0.1), ("ratio", ratio, 1.02, 0.003),
                                      ("angle", angle, 30, 4)):
    print(name, "right" if abs(value - truth) <= tolerance else value)
TXT
done
# the first pattern's ring sets the k scale of both
vitrail pdf one.npy two.npy --composition Fe80B20 --ring-k 0.49 --qmax 7 --json |
  grep -o '[0-9.e-]* 1/Å per px' | uniq | wc -l
quiet_status_of vitrail pdf one.npy --composition Fe80B20
rm found.json
files
