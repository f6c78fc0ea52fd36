# The recipes that come with the program are what the program takes.
for recipe in "$CASES"/../../examples/*.yaml; do
  vitrail run "$recipe" --dry-run | grep -v '^cd '
done
