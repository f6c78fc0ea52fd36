# Every preset writes a recording and its truth; the same seed gives the same bytes for any number of threads.
for preset in thickness fe-band network rings zr-band; do
  vitrail simulate $preset -o $preset.npy --scan 3x5 --pattern 32x24 --threads 1
done
vitrail simulate rings -o one.npy --scan 4x4 --pattern 32x32 --threads 1 --quiet
vitrail simulate rings -o two.npy --scan 4x4 --pattern 32x32 --threads 2 --quiet
vitrail simulate rings -o other.npy --scan 4x4 --pattern 32x32 --seed 2 --quiet
cmp one.npy two.npy && echo same
cmp -s one.npy other.npy || echo different
vitrail simulate network --annealing 20h --network sparse -o sparse.npy --scan 4x4 --pattern 32x32
vitrail simulate two-phase --annealed -o mixture.npy --scan 4x4 --pattern 32x32
printf '2\n4 4 4\nCs 0 0 0\nCl 2 2 2\n' > cscl.xyz
vitrail simulate structure cscl.xyz -o cscl.h5 --scan 2x2 --pattern 32x32 --threads 1
vitrail simulate rings -o json.h5 --scan 2x2 --pattern 16x16 --type f32 --json
ls
