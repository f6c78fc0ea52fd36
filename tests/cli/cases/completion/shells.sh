# Each script is one that its shell can read; those shells that are here say so.
for shell in bash zsh fish; do
  vitrail completion "$shell" >"script.$shell"
  [ "$(wc -l <"script.$shell")" -gt 5 ] || echo "$shell: too short"
  if command -v "$shell" >/dev/null; then
    "$shell" -n "script.$shell" || echo "$shell: not a script"
  fi
done
status_of vitrail completion tcsh
status_of vitrail completion
