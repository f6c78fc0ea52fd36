# SPDX-License-Identifier: GPL-3.0-or-later
"""A report as a reader sees it: its form, its addresses, and every number with where it says that it is from."""
import html.parser
import re

VOID = {"meta", "img", "br", "hr", "link", "input", "col", "wbr"}
RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")


class Shown:
    """An element that shows a value of the map file."""

    def __init__(self, tag, attributes):
        self.tag, self.path, self.text = tag, attributes["data-path"], ""
        self.attribute, self.take = attributes.get("data-attribute"), attributes.get("data-take")
        self.index = int(attributes.get("data-index", 0))
        self.factor = float(attributes.get("data-factor", 1))


class Page(html.parser.HTMLParser):
    """Raises where the form is wrong."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.ids, self.links, self.shown, self.addresses = [], [], [], [], []
        self.images, self.headings, self.loose, self.scopes, self.texts, self.lang = [], [], [], [], [], None
        self.feed(text)
        self.close()
        assert not self.open, f"not closed: {self.open}"

    def inside(self, tag):
        return any(name == tag for name, _ in self.open)

    def handle_starttag(self, tag, attributes):
        assert len(attributes) == len({name for name, _ in attributes}), (tag, attributes)
        attributes = dict(attributes)
        if tag == "html":
            self.lang = attributes.get("lang")
        assert not [name for name in attributes if name.startswith("on")], attributes
        assert tag not in ("script", "iframe", "object", "embed", "base", "link", "form"), tag
        if "id" in attributes:
            self.ids.append(attributes["id"])
        for name in ("href", "src", "srcset", "action", "poster", "background", "cite", "data"):
            value = attributes.get(name)
            if value is None:
                continue
            if value.startswith("#"):
                self.links.append(value[1:])
            elif not value.startswith("data:image/png;base64,"):
                self.addresses.append(value)
        if "style" in attributes:
            self.style(attributes["style"])
        if tag == "img":
            self.images.append(attributes.get("alt"))
        if tag == "th":
            self.scopes.append(attributes.get("scope"))
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        shown = None
        if "data-path" in attributes:
            shown = Shown(tag, attributes)
            self.shown.append(shown)
        if tag not in VOID:
            is_free = tag == "td" and "u" in attributes.get("class", "").split()
            self.open.append((tag, shown or ("free" if is_free else None)))

    def handle_endtag(self, tag):
        name, _ = self.open.pop()
        assert name == tag, f"</{tag}> closes <{name}>"

    def style(self, text):
        assert "@import" not in text
        for found in re.findall(r"url\(([^)]*)\)", text):
            self.addresses.append(found)

    def handle_data(self, data):
        if self.open and self.open[-1][0] == "style":
            self.style(data)
            return
        self.texts.append(data)
        marks = [mark for _, mark in self.open if mark]
        for mark in marks:
            if isinstance(mark, Shown):
                mark.text += data
        # a digit in a cell that does not say where it is from
        if self.inside("td") and not marks and re.search(r"\d", data):
            self.loose.append(data)


def check_form(text):
    """The page; what is wrong with its form raises."""
    assert text.startswith("<!DOCTYPE html>")
    page = Page(text)
    assert page.lang == "en"
    assert not page.addresses, page.addresses
    assert len(page.ids) == len(set(page.ids)), "an id twice"
    assert not set(page.links) - set(page.ids), set(page.links) - set(page.ids)
    assert all(alt for alt in page.images), "a picture without words"
    assert all(scope in ("row", "col") for scope in page.scopes), "a heading of a table without scope"
    assert page.headings[0] == 1 and page.headings.count(1) == 1
    assert all(after - before <= 1 for before, after in zip(page.headings, page.headings[1:])), page.headings
    assert not page.loose, page.loose
    return page


def number(text):
    """Value and half of the last digit's step of a shown number."""
    text = text.replace("\u2212", "-").strip()
    mantissa, _, power = text.partition("·10")
    exponent = int(power.translate(RAISED)) if power else 0
    decimals = len(mantissa.partition(".")[2])
    return float(mantissa) * 10.0**exponent, 0.5 * 10.0**(exponent - decimals)
