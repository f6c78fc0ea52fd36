# Ctrl-C while a recording is converted.
vitrail simulate rings -o scan.npy --scan 64x64 --pattern 128x128 --contrast 0 >out
rm out
interrupted INT convert scan.npy scan.h5
files
