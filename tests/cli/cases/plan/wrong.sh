# What cannot be planned has its sentence, and leaves nothing.
status_of vitrail plan
status_of vitrail plan nothing
status_of vitrail plan rings --pattern 96x96 --k-step 0.001
status_of vitrail plan rings --pattern 96x96 --electrons 1e4 --doses 5:2
status_of vitrail plan rings --pattern 96x96 --electrons 20
touch plan.csv
status_of vitrail plan rings --pattern 96x96 --csv plan.csv
status_of vitrail plan rings --pattern 96x96 --figure plan.xyz
files
