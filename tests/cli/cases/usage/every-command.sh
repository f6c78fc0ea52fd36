# What every command has in common, for every command that there is.
commands=$(vitrail help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')
for command in $commands; do
  vitrail help "$command" >by-name && vitrail "$command" --help >by-option && vitrail "$command" -h >by-letter
  cmp by-name by-option && cmp by-name by-letter
  grep -q "^usage: vitrail $command " by-name || echo "$command: no usage line"
  for option in --threads --force --json --quiet --verbose --help; do
    grep -q -e "$option" by-name || echo "$command: its help lacks $option"
  done
  vitrail "$command" --no-such-option >out 2>err
  [ $? -eq 2 ] || echo "$command: an unknown option is not status 2"
  [ ! -s out ] || echo "$command: an unknown option prints to stdout"
  grep -q "^vitrail $command: unknown option '--no-such-option'" err || cat err
  [ "$(wc -l <err)" -eq 1 ] || echo "$command: an unknown option takes more than a line"
  vitrail "$command" --threads >out 2>err
  [ $? -eq 2 ] && grep -q "^vitrail $command: --threads needs a value" err || echo "$command: a missing value"
  vitrail "$command" --threads many >out 2>err
  [ $? -eq 2 ] && grep -q "'many' is not a" err || { echo "$command: a wrong value"; cat err; }
  vitrail "$command" --threads -1 >out 2>err
  [ $? -eq 2 ] || echo "$command: a value out of range is not status 2"
done
echo "all commands behave"
