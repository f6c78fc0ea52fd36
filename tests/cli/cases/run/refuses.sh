# What is wrong in a recipe is refused with its line and column, before anything is done.
recording scan.npy 3 4 32 32
files >before

# refused TEXT: prints what the program says of a recipe
refused() {
  printf -- "$1" >recipe.yaml
  vitrail run recipe.yaml >out 2>err
  local status=$?
  [ "$status" -eq "${2:-2}" ] && [ ! -s out ] && [ "$(wc -l <err)" -eq 1 ] || echo "status $status, $(cat out)"
  cat err
  rm -f recipe.yaml out err
}

{
  echo "-- YAML"
  refused ''
  refused '# nothing\n'
  refused '- recording: scan.npy\n'
  refused 'recording: scan.npy\nmap:\n\tring: 1:2\n'
  refused 'recording: scan.npy\nmap:\n  ring: 1:2\n  ring: 3:4\n'
  refused 'recording: &r scan.npy\nmap:\n'
  refused 'recording: *r\n'
  refused 'recording: scan.npy\nmap: {<<: {ring: 1:2}}\n'
  refused 'recording: scan.npy\nmap: !!map\n'
  refused 'recording: scan.npy\n---\nmap:\n'
  refused 'recording: \xff\n'
  refused 'recording: scan.npy\nstrain: {axis: [[[[[[[[[[1]]]]]]]]]]}\n'
  refused 'recording: scan.npy\nfigure:\n  output: "<name>.png\n'
  echo "-- keys"
  refused 'map:\n'
  refused 'recording: scan.npy\nrecordings: [scan.npy]\n'
  refused 'recording: scan.npy\nmpa:\n'
  refused 'recording: scan.npy\nmap:\n  rnig: 1:2\n'
  refused 'recording: scan.npy\nmap:\n  scan_rotation: 3\n'
  refused 'recording: scan.npy\nmap:\n  young: 3\n'
  refused 'recording: scan.npy\nmap:\n  threads: 3\n'
  refused 'recording: scan.npy\nmap:\n  completely-different: 3\n'
  refused 'recording: scan.npy\nview:\n'
  refused 'recording: scan.npy\noutput: map.h5\n'
  refused 'recording: scan.npy\nsomething else:\n'
  refused 'recording: {file: scan.npy, shap: 3x4x32x32}\n'
  refused 'recording: {shape: 3x4x32x32}\n'
  echo "-- values"
  refused 'recording: [scan.npy]\n'
  refused 'recording:\n'
  refused 'recording: {file: scan.npy, shape: 0x4}\n'
  refused 'recording: scan.npy\nmap:\n  ring: 20:10\n'
  refused 'recording: scan.npy\nmap:\n  ring: {low: 1, high: 2}\n'
  refused 'recording: scan.npy\nmap:\n  ring: [1, 2, 3]\n'
  refused 'recording: scan.npy\nmap:\n  ring:\n'
  refused 'recording: scan.npy\nmap:\n  fit: magic\n'
  refused 'recording: scan.npy\nmap:\n  flip: maybe\n'
  refused 'recording: scan.npy\nmap:\n  sectors: 8.5\n'
  refused 'recording: scan.npy\nmap:\n  sectors: 40\n'
  refused 'recording: scan.npy\nmap:\n  sectors: [8]\n'
  refused 'recording: scan.npy\nmap:\n  sectors: 012\n'
  refused 'recording: scan.npy\nmap:\n  virtual: [{bf: 0:3}]\n'
  refused 'recording: scan.npy\nstrain:\n  axis: 0.5 rad\n'
  refused 'recording: scan.npy\nstrain:\n  axis: .nan\n'
  refused 'recording: scan.npy\nstrain:\n  young: ~\n'
  refused 'recording: scan.npy\nbands:\n  line: {a: "0,0,1,1"}\nstrain:\n'
  echo "-- steps"
  refused 'recording: scan.npy\nstrain: no\n'
  refused 'recording: scan.npy\nmap: [{}, {}]\n'
  refused 'recording: scan.npy\nfigure: []\n'
  refused 'recording: scan.npy\nfigure:\n  - quantity: exx\n'
  refused 'recording: scan.npy\npdf:\n'
  refused 'recording: scan.npy\nphases:\n'
  refused 'recording: scan.npy\ncalibrate:\nmap:\n  ring: 1:2\n'
  refused 'recording: scan.npy\ncalibrate:\nmap:\n  calibration: c.h5\n'
  refused 'recording: scan.npy\nfigure:\n  - {quantity: exx, output: a.png}\n  - {quantity: eyy, output: a.png}\n'
  refused 'recording: scan.npy\nmap:\n  output: ./scan.npy\n'
  refused 'recording: scan.npy\nreport:\n  common: yes\n'
  refused 'recording: scan.npy\nstrain:\n  common: yes\n'
  echo "-- series"
  refused 'recordings: []\n'
  refused 'recordings: [scan.npy, ./scan.npy]\n'
  refused 'recordings: [scan.npy, {file: scan.npy, name: b}]\nmap:\n  output: map.h5\n'
  refused 'recordings: [scan.npy]\nlock: other.npy\n'
  refused 'recording: scan.npy\nlock: no\n'
  refused 'recordings: [scan.npy]\nprofile: {common: perhaps, line: "0,0,1,1", quantity: exx}\n'
  refused 'recordings: [scan.npy]\nprofile: {common: yes, line: "0,0,1,1", quantity: exx, output: <name>.csv}\n'
  refused 'recordings: [scan.npy, missing.npy]\n' 1
} 2>&1
echo "-- calls"
status_of vitrail run missing.yaml
status_of vitrail run --again scan.npy
status_of vitrail run --ring 1:2 scan.npy
status_of vitrail run --init --again scan.npy
status_of vitrail run one.yaml two.yaml
files | diff before - && echo "nothing was written"
