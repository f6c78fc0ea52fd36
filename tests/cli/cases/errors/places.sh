# Places that take no file: a folder, a pipe and a device, as the output of every command, even with --force. One sentence that
# names the place, status 1, and what stands there stays.
"$PYTHON" "$CASES/make_band_map.py" map.h5
"$PYTHON" "$CASES/make_band_map.py" other.h5 flat
recording good.npy 3 4 32 32
endings="csv tif html png h5 npy"
for ending in $endings; do
  mkdir "folder.$ending"
  mkfifo "pipe.$ending"
  ln -s /dev/null "device.$ending"
done
ls -F >.before

# What writes a file of an ending, in the place of OUT.
while read -r ending command; do
  for place in folder pipe device; do
    read -ra line <<<"${command/OUT/$place.$ending} --force"
    fails 1 "$place"
  done
done <<'END'
csv bands map.h5 --csv OUT --quiet
h5 calibrate good.npy -o OUT --quiet
npy convert good.npy OUT --quiet
h5 convert good.npy OUT --quiet
tif convert good.npy OUT --scan 0:1,0:1 --quiet
csv energy map.h5 --young 90 --poisson 0.36 --csv OUT --quiet
tif export map.h5 exx -o OUT --quiet
npy export map.h5 exx -o OUT --quiet
csv export map.h5 exx -o OUT --quiet
png figure map.h5 exx -o OUT --quiet
csv inclusions map.h5 --csv OUT --quiet
h5 map good.npy -o OUT --quiet
h5 map good.npy -o OUT --no-checkpoint --quiet
csv profile map.h5 --line 0,0,9,9 --quantity exx -o OUT --quiet
png profile map.h5 --line 0,0,9,9 --quantity exx --figure OUT --quiet
html report map.h5 -o OUT --quiet
csv series map.h5 other.h5 -o OUT --quiet
h5 series map.h5 other.h5 -o OUT --quiet
h5 simulate rings -o OUT --scan 2x2 --pattern 32x32 --quiet
npy simulate rings -o OUT --scan 2x2 --pattern 32x32 --quiet
csv vortices map.h5 --csv OUT --quiet
END
ls -F | diff .before - && echo "nothing was written"
