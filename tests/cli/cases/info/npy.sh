# What a NumPy file holds, for people and for machines.
recording scan.npy 3 4 32 24 uint16
vitrail info scan.npy
vitrail info --json scan.npy | "$PYTHON" -c 'import json, sys; print(json.load(sys.stdin)["shape"])'
vitrail info scan.npy --energy 300 --k-step 0.01 --scan-step 2.5
vitrail info scan.npy --scan-shape 4x3 | grep scan
