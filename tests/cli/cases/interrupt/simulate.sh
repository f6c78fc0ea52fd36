# Ctrl-C while a recording is written: status 130, one sentence, and no file, neither half nor whole.
interrupted INT simulate fe-band -o scan.h5 --scan 500x900 --pattern 128x128
files
interrupted TERM simulate fe-band -o scan.npy --scan 500x900 --pattern 128x128
files
echo precious >scan.h5
interrupted INT simulate fe-band -o scan.h5 --scan 500x900 --pattern 128x128 --force
cat scan.h5
