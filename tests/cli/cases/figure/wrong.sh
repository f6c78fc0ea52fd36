# What cannot be drawn is named, and nothing is written.
"$PYTHON" "$CASES/make_ring_map.py" map.h5 12 18
status_of vitrail figure map.h5 exx -o exx.png
vitrail strain map.h5 --reference 0:12,0:6 >out
rm out
status_of vitrail figure map.h5 exx
status_of vitrail figure map.h5 -o exx.png
status_of vitrail figure map.h5 ezz -o exx.png
status_of vitrail figure map.h5 exx -o exx.jpg
status_of vitrail figure map.h5 exx --limits 2:1 -o exx.png
status_of vitrail figure map.h5 exx --palette rainbow -o exx.png
status_of vitrail figure map.h5 exx -o missing/exx.png
echo precious >exx.png
status_of vitrail figure map.h5 exx -o exx.png
cat exx.png
vitrail figure map.h5 exx -o exx.png --force && head -c 4 exx.png | tail -c 3 && echo
files
