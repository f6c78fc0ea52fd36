# PDFs of a map file: maps, images, regions, sectors; the figure and text of regions; wrong use leaves the file as it was.
vitrail simulate two-phase -o scan.h5 --scan 8x9 --pattern 128x128 --contrast 0 --electrons 1e7 >out
vitrail map scan.h5 -o map.h5 --sectors 8 >out
vitrail strain map.h5 --reference 0:8,0:9 >out
cp map.h5 before.h5
alloy="--composition Fe85.2Si0.5B9.5P4Cu0.8 --density 0.087 --scale-from-window --qmax 14 --peak 1.6:3.4"
quiet_status_of vitrail pdf map.h5
quiet_status_of vitrail pdf map.h5 $alloy --region 'a=densty<0'
quiet_status_of vitrail pdf map.h5 $alloy --image 'a=r:2'
quiet_status_of vitrail pdf map.h5 $alloy --qmax 90
quiet_status_of vitrail pdf map.h5 $alloy --table t.csv
quiet_status_of vitrail pdf map.h5 map.h5 $alloy
cmp map.h5 before.h5 && echo "as it was"
vitrail pdf map.h5 $alloy --threads 1 >one.txt
vitrail pdf before.h5 $alloy --threads 2 >two.txt
cmp one.txt two.txt && h5diff map.h5 before.h5 /entry/pdf /entry/pdf && echo "the same for one thread and for two"
vitrail pdf map.h5 $alloy --second-peak 3.5:5 --region 'top=0:4,0:9&pdf/nearest>1' --region 'bottom=!0:4,0:9' \
  --image near=r:2.2:2.8 --sectors --with-F -o mean --figure regions.png >out
sed -n '/^position/p;/^density/p;/^first shell /p;/^second shell/p' out | sed 's/r1.*//'
grep -o '^[a-z_]*  ' out | tr -d ' '
vitrail pdf map.h5 $alloy --only-maps --json | "$PYTHON" -c '
import json, sys
r = json.load(sys.stdin)
print(r["positions"], r["valid"], r["scale_from"], 2.4 < r["maps"]["nearest"]["median"] < 2.65, list(r["regions"]))'
vitrail pdf before.h5 $alloy --region 'top=0:4,0:9' --image near=r:2.2:2.8 --sectors >out
vitrail figure before.h5 pdf/nearest,pdf/images/near,regions,shell-strain -o panels.png
quiet_status_of vitrail figure scan_truth.h5 regions -o none.png
vitrail strain before.h5 --axis 10 --reference 0:8,0:9 >out
quiet_status_of vitrail figure before.h5 shell-strain -o none.png
rm -f out
files
