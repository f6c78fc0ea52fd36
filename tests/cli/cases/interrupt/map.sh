# Ctrl-C during the pass: no half map. (What it says depends on how far it was.)
vitrail simulate rings -o scan.npy --scan 48x48 --pattern 256x256 --contrast 0 >out
interrupted INT map scan.npy -o map.h5 --threads 1 | head -n 1
files
