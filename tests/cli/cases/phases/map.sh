# Phases of a small specimen: what is printed, what is in the file, every method; the same for any number of threads.
vitrail simulate two-phase -o scan.h5 --scan 24x24 --pattern 256x256 --contrast 0 --electrons 1e6 >out
vitrail map scan.h5 -o map.h5 >out
vitrail pdf map.h5 --composition Fe85.2Si0.5B9.5P4Cu0.8 --density 0.0872 --equal-sizes --qmax 16 --rstep 0.04 --peak 1.6:3.4 >out
vitrail phases map.h5 --region 'left=0:24,0:12' --consensus 4 >out 2>warnings
sed 's/[0-9.]*[0-9]/N/g' out | tr -s ' ' | sed 's/Q [(]found[)]//'
"$PYTHON" - <<'END'
import h5py, numpy
with h5py.File("map.h5") as file, h5py.File("scan_truth.h5") as truth:
    p = file["entry/phases"]
    share = truth["entry/truth/solid_fraction"][...]
    first = p["peaks"][:, 0, 0]
    solid = int(numpy.argmin(first))
    print(sorted(p), p.attrs["signal"], list(p.attrs["axes"]))
    print(p.attrs["method"], p.attrs["on"], p.attrs["principle"], p.attrs["names"])
    print("map", numpy.corrcoef(share.ravel(), p["maps"][solid].ravel())[0, 1] > 0.9,
          "fraction", p["fractions_low"][solid] < share.mean() < p["fractions_high"][solid],
          "sum", numpy.allclose(p["maps"][...].sum(0), 1, atol=1e-5),
          "same", numpy.array_equal(p["phase_2"][...], p["maps"][1]))
    print("error bars", numpy.all(p["components_errors"][:, 50:] > 0),
          numpy.all(p["components_low"][...] <= p["components_high"][...]))
    print(file["entry/process/phases/command"][()].decode())
END
cp map.h5 two.h5
vitrail phases map.h5 -k 2 --consensus 2 --threads 1 2>>warnings >one.txt
vitrail phases two.h5 -k 2 --consensus 2 --threads 2 2>>warnings >two.txt
cmp one.txt two.txt && h5diff map.h5 two.h5 /entry/phases /entry/phases && echo "the same for one thread and for two"
vitrail phases map.h5 --json --quiet --consensus 2 | "$PYTHON" -c '
import json, sys
r = json.load(sys.stdin)
print(sorted(r), len(r["components"]), abs(sum(c["fraction"] for c in r["components"]) - 1) < 1e-6)'
for how in '--method pca -k 2' '--method ica -k 2' '--principle pure -k 2 --pure 10' '--principle luck -k 3' \
  '--on G -k 2' '--on S -k 2 --range 2:12' '--on I -k 2'; do
    cp two.h5 other.h5
    vitrail phases other.h5 $how --consensus 0 2>>warnings | sed -n '2,3p' | sed 's/ [0-9.]* of its/ N of its/;s/; [0-9]* by .*//'
done
vitrail phases map.h5 --method mlls --reference two.h5 --sum-to-one --free 2>>warnings | sed -n '2,6p' | sed 's/[0-9.]* %/N %/;s/± .*/± N/'
vitrail simulate two-phase -o annealed.h5 --annealed --scan 16x16 --pattern 256x256 --contrast 0 --electrons 1e6 >out
vitrail map annealed.h5 -o annealed_map.h5 >out
vitrail pdf annealed_map.h5 --composition Fe85.2Si0.5B9.5P4Cu0.8 --density 0.0872 --equal-sizes --qmax 16 --rstep 0.04 >out
cp annealed_map.h5 before.h5
vitrail phases map.h5 --compare annealed_map.h5 2>>warnings | sed -n '/here/,$p' | cut -c 1-28
cmp annealed_map.h5 before.h5 && echo "the other one as it was"
vitrail phases map.h5 --compare annealed_map.h5 --json --quiet | "$PYTHON" -c '
import json, sys
c = json.load(sys.stdin)["comparison"]
print(len(c), sorted(c[0]), all(abs(x["first_peak"]["difference"]) < 0.05 for x in c))'
vitrail figure map.h5 phases -o all.png
vitrail figure map.h5 components,shares,mixture,fractions,consensus,lengths -o parts.svg
grep -c -a "<image\|use xlink" parts.svg | awk '{ print ($1 > 0) ? "a picture" : "nothing" }'
cp map.h5 pca.h5 && vitrail phases pca.h5 --method pca --quiet >out && vitrail figure pca.h5 phases -o pca.pdf
quiet_status_of vitrail figure pca.h5 mixture -o none.png
quiet_status_of vitrail figure before.h5 phases -o none.png
rm -f out warnings
files
