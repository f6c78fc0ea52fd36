# A recipe for a recording: it holds what calibrate found, runs as it is, and every setting in it can be had by taking the # away.
vitrail simulate fe-band -o scan.h5 --scan 12x16 --pattern 96x96 --electrons 1e6 --contrast 0 >out
vitrail run --init scan.h5 -o scan.yaml
grep -Ev '^ *(#|$)' scan.yaml | sed 's/ *#.*//'
grep -E '^ +#(k-step|energy|fit|axis):' scan.yaml
status_of vitrail run --init scan.h5 -o scan.yaml
vitrail run scan.yaml --quiet >out
echo "status $?" && files
echo "-- to standard output, for another folder"
vitrail run --init scan.h5 | cmp - scan.yaml
mkdir recipes
vitrail run --init scan.h5 -o recipes/scan.yaml && grep '^  file:' recipes/scan.yaml
echo "-- every default as it stands is a setting"
# all that has a value and not the name of one
sed -E '/^ *#[a-z-]+: ([^A-Z]*|"[^"]*") +#/s/#//' scan.yaml >all.yaml
diff scan.yaml all.yaml | grep -c '^>' >n; [ "$(cat n)" -gt 30 ] || echo "only $(cat n) settings"
vitrail run all.yaml --dry-run | sed 's,=[0-9.:,]\+\b,=N,g; 2q'
echo "-- every step that is left out"
sed -E '/^recording/,$ s/^#([a-z]+:|  )/\1/; s/FORMULA/SiO2/; s/"NAME\[,NAME...\]"/exx/; s/"X0,Y0,X1,Y1"/"0,0,9,9"/' scan.yaml >steps.yaml
vitrail run steps.yaml --dry-run
echo "-- a series, and what was given"
cp scan.h5 other.h5
vitrail run --init scan.h5 other.h5 --ring 14:33 --scan-step 3 | grep -Ev '^ *(#|$)' | sed 's/ *#.*//' | head -n 8
