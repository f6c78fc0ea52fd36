# Wrong use of vitrail pdf: a sentence each, and nothing written.
"$PYTHON" - <<'TXT'
with open("good.dat", "w") as out:
    for i in range(200):
        out.write(f"{1 + 0.1 * i:.6g} {100 - 0.3 * i:.6g}\n")
with open("angle.xye", "w") as out:
    for i in range(200):
        out.write(f"{1 + 0.1 * i:.6g} {100 - 0.3 * i:.6g} 1\n")
TXT
printf '1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n' >single.txt
sed '5s/.*/broken line/' good.dat >broken.dat
sed '7p' good.dat >twice.dat
head -5 good.dat >short.dat
recording scan.npy 2 2 64 64
vitrail simulate rings -o one.npy --scan 1x1 --pattern 96x96 --electrons 1e6 >/dev/null
files >before
status_of vitrail pdf good.dat
status_of vitrail pdf good.dat --composition Xx
status_of vitrail pdf angle.xye --composition Ni
status_of vitrail pdf single.txt --composition Ni
status_of vitrail pdf broken.dat --composition Ni
status_of vitrail pdf twice.dat --composition Ni
status_of vitrail pdf short.dat --composition Ni
status_of vitrail pdf scan.npy --composition Ni
status_of vitrail pdf good.dat --composition Ni --qmax 90
status_of vitrail pdf good.dat --composition Ni --hold scale
status_of vitrail pdf good.dat --composition Ni --lock good.dat
status_of vitrail pdf good.dat --composition Ni --columns 1,7
status_of vitrail pdf good.dat --composition Ni --densities 0.08,0.09
status_of vitrail pdf good.dat --composition Ni --densities dense
status_of vitrail pdf good.dat --composition Ni --shells 1.6,far
status_of vitrail pdf good.dat --composition Ni -o out --format gr,xy
status_of vitrail pdf good.dat --composition Ni --background missing.dat
files | diff before - && echo "nothing was written"
