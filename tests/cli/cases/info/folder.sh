# A folder of images, as exported one by one: the names tell the scan.
vitrail simulate two-phase --scan 2x3 --pattern 32x32 --electrons 1e5 -o scan.h5 --quiet
mkdir images
for y in 0 1; do
  for x in 0 1 2; do
    vitrail convert scan.h5 images/y${y}_x$x.tif --scan $y:$((y + 1)),$x:$((x + 1)) --quiet
  done
done
vitrail info images
vitrail convert images again.npy --quiet
vitrail convert scan.h5 scan.npy --quiet
cmp again.npy scan.npy && echo same
echo any > images/note.png
vitrail info images
