# Letters take their value as a word of its own, behind the letter, or behind an equals sign; letters without one stand alone.
vitrail simulate rings -oa.npy --scan 2x2 --pattern 16x16 -j1 -q
vitrail simulate rings -o b.npy --scan 2x2 --pattern 16x16 -j 1 -q
vitrail simulate rings -o=c.npy --scan 2x2 --pattern 16x16 -j=1 -q
files
cmp a.npy b.npy && cmp a.npy c.npy
status_of vitrail info -jx a.npy
status_of vitrail info -qf a.npy
