# Inputs that are not there, or are not what they should be: for every command that reads a file, one sentence that names it, status 1, and
# nothing written.
recording good.npy 3 4 32 32
mkdir folder
mkfifo pipe
: >empty.npy
echo "this is no recording" >words.h5
head -c 100 /dev/zero >zeros.npy
head -c 60 good.npy >header-cut.npy
head -c 300 good.npy >frames-cut.npy
files >before

for command in $(commands); do
  for input in missing.npy missing-folder/scan.h5 folder pipe /dev/null empty.npy words.h5 zeros.npy header-cut.npy frames-cut.npy; do
    arguments_for "$command" "$input" result
    [ "${#line[@]}" -gt 0 ] || continue
    # what a recipe says wrongly is wrong usage, as on the command line
    [ "$command" != run ] || [[ $input =~ ^(missing.npy|folder|pipe|/dev/null)$ ]] || continue
    fails 1 "$input"
  done
done
files | diff before - && echo "nothing was written"
