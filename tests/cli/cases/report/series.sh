# Several map files on one page: each with everything, addresses that lead where they say, numbers of its own.
"$PYTHON" "$CASES/make_ring_map.py" one.h5 12 18
mkdir folder && "$PYTHON" "$CASES/make_ring_map.py" folder/one.h5 8 9
vitrail strain one.h5 --reference 0:12,0:6 --quiet
vitrail report one.h5 -o one.html
vitrail report one.h5 folder/one.h5 -o both.html --json
status_of vitrail report one.h5 missing.h5 -o none.html
files
PYTHONPATH="$CASES/../report" "$PYTHON" -B - <<'END'
import re

import page as pages

single, both = (open(name, encoding="utf-8").read() for name in ("one.html", "both.html"))
parts = re.findall(r'<article id="(map-[12])" data-file="([^"]*)">(.*?)</article>', both, re.DOTALL)
print([part[:2] for part in parts])
for text in (single, both):
    pages.check_form(text)  # among others: no address twice, none that leads nowhere
# the part of the first file says what its own page says
words = [re.sub(r"<[^>]*>", " ", text[text.index("In short</h2>"):]).split("</article>")[0] for text in (single, parts[0][2])]
print(words[0].split()[:200] == words[1].split()[:200], "vitrail strain one.h5" in parts[0][2], "vitrail strain" in parts[1][2])
END
