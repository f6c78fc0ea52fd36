# Raw numbers: what they are has to be said, on the command line or in a file beside them.
recording scan.npy 3 4 32 24 uint16
tail -c $((3 * 4 * 32 * 24 * 2)) scan.npy >scan.raw
status_of vitrail info scan.raw
status_of vitrail info scan.raw --shape 3x4x32x24
status_of vitrail info scan.raw --shape 3x4x32x24 --type complex
vitrail info scan.raw --shape 3x4x32x24 --type u16
printf 'shape: 3x4x32x24\ntype: u16 # counts\n' >scan.raw.yaml
vitrail info scan.raw | head -n 3
vitrail convert scan.raw again.npy && cmp scan.npy again.npy && echo "the same numbers"
printf 'shape: three by four\n' >scan.raw.yaml
status_of vitrail info scan.raw
