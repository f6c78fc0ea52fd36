# A wedge whose thickness is known: printed, written, drawn, and as JSON. Without noise, so that every digit is known.
"$PYTHON" - <<'END'
import numpy as np
y, x = np.mgrid[0:40, 0:60]
t = np.where(x < 10, 0, 30 + 2.0 * x)  # nm, the first ten columns a vacuum
unfiltered = 8000 + np.zeros(t.shape)
zero_loss = 4000 * np.exp(-t / 100)
unfiltered[3, 40] = np.nan
np.save("all.npy", unfiltered.astype("f4"))
np.save("zero.npy", zero_loss.astype("f4"))
np.save("truth.npy", t)
END
vitrail thickness all.npy zero.npy --mean-free-path 100 --mean-free-path-error 0.05 --counts-per-electron 4 --vacuum 0:40,0:10 \
  --region film=0:40,10:60 --region 'left=0:40,10:20' -o t.npy --errors --figure t.png --step 5
vitrail thickness all.npy zero.npy --energy 300 --density 7.874 --exposure-ratio 2 --counts-per-electron 4 -o t.tif --json
vitrail thickness all.npy zero.npy --energy 300 --model malis --composition Fe --collection 10 --exposure-ratio 2 \
  --counts-per-electron 4 --quiet
"$PYTHON" - <<'END'
import numpy as np
t, errors = np.load("t.npy")
truth = np.load("truth.npy")
has = np.isfinite(t)
# 2000 and 1000 exp(-t/100) electrons; what the logarithm of few is too small by is put back
few = 100 * (0.5 / 2000 - 0.5 * np.exp(truth / 100) / 1000)
print(t.shape, np.argwhere(~has).tolist(), np.abs(t - (truth + few - few[0, 0]))[has].max() < 1e-3)
print(np.allclose(errors[has], 100 * np.sqrt(1 / 2000 + np.exp(truth / 100) / 1000)[has], rtol=1e-5))
END
files
