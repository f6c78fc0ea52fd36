# Wrong use: exit status 2 and what is wrong; nothing is written.
status_of vitrail simulate rings
status_of vitrail simulate nothing -o a.npy
status_of vitrail simulate rings -o a.npy --grain -3
status_of vitrail simulate rings -o a.npy --composition Fe80Xx20
status_of vitrail simulate rings -o a.npy --scan 10
status_of vitrail simulate rings -o a.txt --scan 2x2 --pattern 16x16
vitrail simulate rings -o a.npy --scan 2x2 --pattern 16x16 --quiet
status_of vitrail simulate rings -o a.npy --scan 2x2 --pattern 16x16
rm a.npy
status_of vitrail simulate rings -o a.npy --scan 2x2 --pattern 16x16
ls
