# A time limit in the middle of a pass: status 130, how to go on, and then the same map as without it.
vitrail simulate rings -o scan.npy --scan 64x64 --pattern 64x64 --contrast 0 >out
vitrail calibrate scan.npy -o calibration.h5 >out
vitrail map scan.npy -o whole.h5 --calibration calibration.h5 --beam correlate >out
stopped() {
  vitrail map scan.npy -o map.h5 --calibration calibration.h5 --beam correlate --checkpoint 0 --threads 1 "${@:2}" >out 2>err &
  local pid=$! tries=0
  until [ "$(stat -c %s map.h5.checkpoint 2>/dev/null || echo 0)" -gt 500000 ] || [ "$tries" -ge 3000 ]; do
    sleep 0.002
    tries=$((tries + 1))
  done
  kill -s "$1" "$pid"
  wait "$pid"
  echo "status $?"
  cat err
}
stopped TERM
status_of vitrail map scan.npy -o map.h5 --calibration calibration.h5 --beam correlate --no-profile
status_of vitrail map scan.npy -o map.h5 --calibration calibration.h5 --beam correlate --no-profile --resume
vitrail map scan.npy -o map.h5 --calibration calibration.h5 --beam correlate --resume --quiet
h5diff --exclude-path /entry/process map.h5 whole.h5 && echo same
files
