# Ctrl-C during the pass of a recipe: the step is named, there is no half map, and what was done before is kept.
vitrail simulate rings -o scan.npy --scan 48x48 --pattern 256x256 --contrast 0 >out
printf 'recording: scan.npy\ncalibrate:\nmap:\nstrain:\n' >recipe.yaml
interrupted INT run recipe.yaml --threads 1 >said
head -n 1 said
# whether the calibration was finished, and the pass begun, depends on how soon the signal came
grep -o 'vitrail run: step [12] of 3, [a-z]*: ' said | sed 's/[12] of 3, [a-z]*/N of 3, NAME/'
files | grep -v -e calibration -e checkpoint
