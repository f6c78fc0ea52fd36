# Through every format and back: the same numbers and the same calibration.
for type in uint8 uint16 float32; do
  recording "$type.npy" 3 4 20 24 "$type"
  for ending in h5 hdf5 emd; do
    vitrail convert "$type.npy" "$type.$ending" --energy 200 --k-step 0.02 --scan-step 1.5
    vitrail info "$type.$ending" --json | grep -E 'beam_energy|k_step|scan_step'
    vitrail convert "$type.$ending" back.npy --force
    cmp "$type.npy" back.npy && echo "$type $ending: the same"
  done
done
files
