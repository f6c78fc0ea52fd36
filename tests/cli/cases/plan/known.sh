# A plan as text, as JSON, as a table, a plot and a recipe; the recipe is one that vitrail run takes.
vitrail plan rings --pattern 96x96 --electrons 1e5 --scan 20x30 --scan-step 4 --frames-per-second 300 --film-thickness 50 \
  --csv plan.csv --figure plan.png --recipe plan.yaml
vitrail plan rings --pattern 96x96 --electrons 300 --doses 30:3000 --json >low.json
"$PYTHON" - <<'END'
import csv
import json
rows = list(csv.DictReader(open("plan.csv")))
exx = [float(row["exx"]) for row in rows]
counting = [float(row["exx_counting"]) for row in rows]
print(len(rows), all(a > b for a, b in zip(exx, exx[1:])), all(a > b for a, b in zip(exx, counting)))
low = json.load(open("low.json"))
print([("errors" in dose) for dose in low["doses"]][0], low["beam_px"][0] > 0, low["seconds"])
END
vitrail simulate rings -o recording.h5 --pattern 96x96 --electrons 1e5 --scan 20x30 --quiet
vitrail run plan.yaml --dry-run >steps.txt && grep -c vitrail steps.txt
files
