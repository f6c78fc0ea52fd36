# Three ways to ask, one answer.
vitrail help >a && vitrail --help >b && vitrail -h >c
cmp a b && cmp b c
head -n 1 a
grep -c '^  vitrail help COMMAND' a
