# Each wrong use has its sentence, and the map file stays as it was.
vitrail simulate two-phase -o scan.h5 --scan 10x10 --pattern 128x128 --contrast 0 --electrons 1e7 >out
vitrail map scan.h5 -o map.h5 >out
status_of vitrail phases map.h5
vitrail pdf map.h5 --composition Fe85.2Si0.5B9.5P4Cu0.8 --density 0.087 --scale-from-window --qmax 14 --rmax 10 --peak 1.6:3.4 >out
cp map.h5 before.h5
quiet_status_of vitrail phases none.h5
quiet_status_of vitrail phases map.h5 -k 4
quiet_status_of vitrail phases map.h5 -k 200
quiet_status_of vitrail phases map.h5 -k 5 --range 5:5.4
quiet_status_of vitrail phases map.h5 --range 90:99
quiet_status_of vitrail phases map.h5 --method mlls
quiet_status_of vitrail phases map.h5 --method mlls --reference none.gr
quiet_status_of vitrail phases map.h5 --method mlls --reference map.h5
quiet_status_of vitrail phases map.h5 --method mlls --reference 0:2,0:2 --reference 0:2,0:2
quiet_status_of vitrail phases map.h5 --reference 0:2,0:2
quiet_status_of vitrail phases map.h5 --mask none.png
quiet_status_of vitrail phases map.h5 --mask 0:20,0:2
quiet_status_of vitrail phases map.h5 --region 'a=0:99,0:2' -k 2
awk 'BEGIN { for (r = 0; r < 12; r += 0.05) print r, sin(r) }' >coarse.gr
quiet_status_of vitrail phases map.h5 --method mlls --reference coarse.gr
quiet_status_of vitrail phases map.h5 --method mlls --reference coarse.gr --on F
quiet_status_of vitrail phases map.h5 -k 2 --compare none.h5
quiet_status_of vitrail phases map.h5 --method pca --compare map.h5
cmp map.h5 before.h5 && echo "as it was"

# cubes with nothing in them: all positions alike, none with values, some without, no intensity above zero
spoil() {
  cp before.h5 "$1.h5"
  "$PYTHON" - "$1" <<'END'
import h5py, numpy, sys
with h5py.File(sys.argv[1] + ".h5", "r+") as file:
    data = file["entry/profile/intensity"]
    values = data[...]
    if sys.argv[1] == "alike":
        values[:] = values[0, 0]
    elif sys.argv[1] == "empty":
        values[:] = numpy.nan
    elif sys.argv[1] == "rows":
        values[2:4] = numpy.nan
    else:
        values[:] = -abs(values)
    data[...] = values
END
}
for name in alike empty rows negative; do
  spoil $name
  echo "$name"
  quiet_status_of vitrail phases $name.h5 -k 2 --principle luck --consensus 0
  quiet_status_of vitrail phases $name.h5 -k 2 --principle luck --consensus 0 --on I
  quiet_status_of vitrail phases $name.h5
done
