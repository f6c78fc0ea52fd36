# Each wrong use has its sentence, and leaves nothing.
"$PYTHON" - <<'END'
import numpy as np
np.save("all.npy", np.full((20, 30), 100, "f4"))
np.save("zero.npy", np.full((20, 30), 60, "f4"))
np.save("small.npy", np.full((20, 20), 60, "f4"))
np.save("dark.npy", np.zeros((20, 30), "f4"))
END
status_of vitrail thickness all.npy
status_of vitrail thickness all.npy none.npy --mean-free-path 100
status_of vitrail thickness all.npy small.npy --mean-free-path 100
status_of vitrail thickness all.npy zero.npy
status_of vitrail thickness all.npy zero.npy --energy 300
status_of vitrail thickness all.npy zero.npy --energy 300 --model malis
status_of vitrail thickness all.npy zero.npy --mean-free-path 100
status_of vitrail thickness all.npy dark.npy --mean-free-path 100 --counts-per-electron 1
status_of vitrail thickness all.npy zero.npy --mean-free-path 100 --counts-per-electron 1 --vacuum 0:5,0:5 --exposure-ratio 2
status_of vitrail thickness all.npy zero.npy --mean-free-path 100 --counts-per-electron 1 --vacuum 0:50,0:5
touch t.tif
status_of vitrail thickness all.npy zero.npy --mean-free-path 100 --counts-per-electron 1 -o t.tif
status_of vitrail thickness all.npy zero.npy --mean-free-path 100 --counts-per-electron 1 -o t.xyz
files
