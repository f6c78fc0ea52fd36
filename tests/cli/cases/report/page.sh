# One page that needs nothing from elsewhere, with the maps and how they were made.
"$PYTHON" "$CASES/make_ring_map.py" map.h5 12 18
vitrail strain map.h5 --reference 0:12,0:6 >out
rm out
vitrail report map.h5 -o report.html
status_of vitrail report map.h5 -o report.html
status_of vitrail report map.h5
status_of vitrail report map.h5 -o missing/report.html
vitrail report map.h5 -o report.html --force
"$PYTHON" - <<'TXT'
import html.parser
import re


class Page(html.parser.HTMLParser):
    """Counts pictures and collects what the page would fetch from elsewhere; checks that tags close."""

    def __init__(self):
        super().__init__()
        self.pictures, self.elsewhere, self.open = 0, [], []

    def handle_starttag(self, tag, attributes):
        if tag not in ("img", "meta", "br", "hr", "link", "input", "col"):
            self.open.append(tag)
        for name, value in attributes:
            if name in ("src", "href", "srcset") and not value.startswith(("data:", "#")):
                self.elsewhere.append(value)
            self.pictures += name == "src" and value.startswith("data:image/")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, tag


text = open("report.html", encoding="utf-8").read()
page = Page()
page.feed(text)
print("pictures" if page.pictures + text.count("<svg") > 3 else page.pictures, page.elsewhere, page.open)
print("command" if "vitrail strain map.h5 --reference 0:12,0:6" in text else "no command")
print("url" if re.search(r"url\((?!['\"]?data:)", text) else "no url")
TXT
files
