# Wrong use: exit status 2 and what is wrong; nothing is written.
status_of vitrail simulate rings
status_of vitrail simulate nothing -o a.npy
status_of vitrail simulate rings -o a.npy --grain -3
status_of vitrail simulate rings -o a.npy --composition Fe80Xx20
status_of vitrail simulate rings -o a.npy --scan 10
status_of vitrail simulate rings -o a.txt --scan 2x2 --pattern 16x16
status_of vitrail simulate structure -o a.npy
status_of vitrail simulate structure none.xyz -o a.npy
status_of vitrail simulate rings none.xyz -o a.npy
status_of vitrail simulate fe-band --annealed -o a.npy
status_of vitrail simulate fe-band --turn 1 -o a.npy
printf '2\n4 4 4\nCs 0 0 0\nCl nan 2 2\n' > bad.xyz
status_of vitrail simulate structure bad.xyz -o a.npy
vitrail simulate rings -o a.npy --scan 2x2 --pattern 16x16 --quiet
status_of vitrail simulate rings -o a.npy --scan 2x2 --pattern 16x16
rm a.npy
status_of vitrail simulate rings -o a.npy --scan 2x2 --pattern 16x16
ls
