# Outputs that cannot be written are refused before the work, and what stood there stays.
recording good.npy 3 4 32 32
mkdir folder
for command in convert map; do
  has_command "$command" || continue
  arguments_for "$command" good.npy folder/result
  output=${line[-1]}
  echo precious >"$output"
  fails 1 "$output"
  vitrail "${line[@]}" 2>&1 | grep -qF -e --force || echo "$command: does not speak of --force"
  [ "$(cat "$output")" = precious ] || echo "$command: replaced a file without --force"
  rm "$output"
  mkdir "$output"
  fails 1 "$output"
  line+=(--force)
  fails 1 "$output"
  rmdir "$output"
  arguments_for "$command" good.npy missing-folder/result
  fails 1 missing-folder
  arguments_for "$command" good.npy good.npy/result
  fails 1 good.npy
done
files
