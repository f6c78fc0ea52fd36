# A recording that becomes shorter while it is read ends in one sentence, whether that is seen where its bytes are asked for or, as
# the signal stands for here, where they lay in memory.
vitrail simulate rings -o scan.npy --scan 48x48 --pattern 256x256 --contrast 0 >out
interrupted BUS map scan.npy -o map.h5 --threads 1
[ ! -e map.h5 ] && echo "no map"
shrunk() {
  vitrail map scan.npy -o shrunk.h5 --threads 1 >out 2>err &
  local pid=$! tries=0
  until [ -e shrunk.h5.partial ] || [ "$tries" -ge 600 ] || ! kill -0 "$pid" 2>/dev/null; do
    sleep 0.05
    tries=$((tries + 1))
  done
  truncate -s 1000000 scan.npy
  wait "$pid"
  echo "status $?, $(wc -l <err) line"
}
shrunk
[ ! -e shrunk.h5 ] && echo "no map"
