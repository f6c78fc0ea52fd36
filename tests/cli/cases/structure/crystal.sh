# Neighbours, cells and angles of a crystal in one small cell; the same sheared; what is refused.
cat >fcc.xyz <<'END'
4
Lattice="3.6 0 0 0 3.6 0 0 0 3.6" Properties=species:S:1:pos:R:3
Cu 0 0 0
Cu 0 1.8 1.8
Cu 1.8 0 1.8
Cu 1.8 1.8 0
END
cat >sheared.xyz <<'END'
4
Lattice="3.6 0 0 0.36 3.6 0 0 0 3.6" Properties=species:S:1:pos:R:3
Cu 0 0 0
Cu 0.18 1.8 1.8
Cu 1.8 0 1.8
Cu 1.98 1.8 0
END
vitrail structure fcc.xyz --curves curves.csv --figure fcc.svg
wc -l curves.csv
vitrail structure fcc.xyz --after sheared.xyz --atoms atoms.csv --quiet
cut -d, -f1-12,15,19,20 atoms.csv # the others are 0 but for rounding
vitrail structure fcc.xyz --json | "$PYTHON" -c 'import json, sys
found = json.load(sys.stdin)
print(found["atoms"], round(found["number_density"], 6), found["indices"], sorted(found["elements"][0]))'
status_of vitrail structure fcc.xyz --particle --cutoff 3 --curves particle.csv
status_of vitrail structure missing.xyz
ls
