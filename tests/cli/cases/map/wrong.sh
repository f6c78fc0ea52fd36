# What a pass cannot start from.
recording scan.npy 6 8 64 64
recording small.npy 6 8 32 32
"$PYTHON" -c 'import numpy; numpy.save("empty.npy", numpy.zeros((4, 4, 64, 64), numpy.uint16))'
"$PYTHON" -c 'import numpy; numpy.save("nan.npy", numpy.full((4, 4, 64, 64), numpy.nan, numpy.float32))'
quiet_status_of vitrail map scan.npy
quiet_status_of vitrail map -o map.h5
quiet_status_of vitrail map empty.npy -o map.h5
quiet_status_of vitrail map nan.npy -o map.h5
quiet_status_of vitrail map scan.npy -o map.h5 --ring 20:10
quiet_status_of vitrail map scan.npy -o map.h5 --ring 200:300
quiet_status_of vitrail map scan.npy -o map.h5 --noise loud
quiet_status_of vitrail map scan.npy -o map.h5 --mask missing.tif
quiet_status_of vitrail map scan.npy -o map.h5 --mask small.npy
quiet_status_of vitrail map scan.npy -o map.h5 --virtual bf
quiet_status_of vitrail map scan.npy -o map.h5 --virtual bf=9:3
quiet_status_of vitrail map scan.npy -o map.h5 --calibration scan.npy
quiet_status_of vitrail map scan.npy -o map.h5 --fit magic
quiet_status_of vitrail map scan.npy -o map.h5 --sectors 7
quiet_status_of vitrail map scan.npy -o map.h5 --sectors 40
quiet_status_of vitrail map scan.npy -o missing/map.h5
files
