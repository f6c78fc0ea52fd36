# Every kind of figure in every format, from a map file with a known strain.
"$PYTHON" "$CASES/make_ring_map.py" map.h5 12 18
vitrail strain map.h5 --reference 0:12,0:6 >out
for ending in png svg pdf; do
  vitrail figure map.h5 panel -o "panel.$ending" && head -c 5 "panel.$ending" | tr -d '\211\r\n' && echo
done
vitrail figure map.h5 exx,density exx_errors -o several.png
vitrail figure map.h5 angle -o angle.png
vitrail figure map.h5 exx --limits -2:2 --palette cividis --directors --title "e & f" -o exx.png
vitrail figure map.h5 exx -o exx.svg --json
recording scan.npy 3 4 32 24
vitrail figure scan.npy --pattern 1,2 -o pattern.png
"$PYTHON" - <<'TXT'
import glob
import cv2

for name in sorted(glob.glob("*.png")):
    image = cv2.imread(name)
    assert image is not None and image.shape[1] > 400 and image.std() > 5, name
    print(name, "is a picture")
TXT
