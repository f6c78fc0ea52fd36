# What the Tab key would offer.
eval "$(vitrail completion bash)"
offer() {
  COMP_WORDS=("$@")
  COMP_CWORD=$(($# - 1))
  _vitrail
  echo "$*: ${COMPREPLY[*]}"
}
offer vitrail compl
offer vitrail help compl
offer vitrail completion --q
offer vitrail completion --j
