# SPDX-License-Identifier: GPL-3.0-or-later
"""The reference of the C library, from the public headers as they are written: what stands above a declaration is its text,
an empty line ends it, `/* --- title --- */` is a heading, and every name that is declared somewhere is a link."""
import html
import re
from pathlib import Path

NAME = re.compile(r"\b(?:vtr|VTR)_\w+")
# What is not for a reader: the guard, the includes, the brackets of C++, what marks an exported name.
SKIPPED = re.compile(r"#(?:ifndef|endif|include|ifdef|if|else)\b.*|#define VITRAIL_\w+_H|VTR_(?:BEGIN|END)_DECLS"
                     r"|#define VTR_(?:API|PRINTF_LIKE|BEGIN_DECLS|END_DECLS)\b(?:.*\\\n)*.*")


def rooms_of(root):
    """Order of the rooms, and the room of each header."""
    text = (root / "cmake/rooms.cmake").read_text(encoding="utf-8")
    rooms = re.search(r"set\(VITRAIL_ROOMS ([^)]*)\)", text).group(1).split()
    pairs = re.search(r"set\(VITRAIL_ROOM_OF_HEADER\s+([^)]*)\)", text).group(1).split()
    return rooms, dict(pair.split("=") for pair in pairs)


def without_marks(comment):
    """Text of a comment, without its stars."""
    lines = comment.strip()[2:-2].strip().splitlines()
    return [re.sub(r"^\s*\* ?", "", line).rstrip() if n else line.rstrip() for n, line in enumerate(lines)]


def pieces_of(text):
    """(kind, text, whether an empty line stands above) of comments, declarations and macros at the outer level."""
    at, above = 0, 0
    while at < len(text):
        space = re.compile(r"\s*").match(text, at)
        at, gap = space.end(), space.group().count("\n") > 1
        if at >= len(text):
            return
        start = at
        if text.startswith("/*", at):
            at = text.index("*/", at) + 2
            yield "comment", text[start:at], gap
        elif SKIPPED.match(text, at):
            at = SKIPPED.match(text, at).end()
        elif text[at] == "#":
            while text[(at := text.index("\n", at)) - 1] == "\\":
                at += 1
            yield "declaration", text[start:at], gap
        else:
            at = end_of_declaration(text, at)
            rest = re.compile(r"[ \t]*/\*.*?\*/", re.DOTALL).match(text, at)
            at = rest.end() if rest else at
            yield "declaration", text[start:at], gap


def end_of_declaration(text, at):
    depth = 0
    while True:
        if text.startswith("/*", at):
            at = text.index("*/", at) + 2
            continue
        depth += {"{": 1, "(": 1, "}": -1, ")": -1}.get(text[at], 0)
        at += 1
        if text[at - 1] == ";" and depth == 0:
            return at


def names_of(declaration):
    """What a declaration declares: a function, a type, a variable, constants, a macro."""
    code = re.sub(r"/\*.*?\*/", "", declaration, flags=re.DOTALL)
    if code.startswith("#define"):
        return re.findall(r"#define (\w+)", code)
    found = []
    for body in re.findall(r"enum[^{;]*\{(.*?)\}", code, flags=re.DOTALL):
        found += re.findall(r"\b(VTR_\w+)\s*(?=[,=]|$)", re.sub(r"=[^,]*", "", body) + ",")
    outer = re.sub(r"\{.*\}", "", code, flags=re.DOTALL)
    if outer.startswith("typedef"):
        pointer = re.search(r"\(\s*\*\s*(vtr_\w+)\s*\)", outer)
        found.append(pointer.group(1) if pointer else re.findall(r"\bvtr_\w+", outer)[-1])
    elif "(" in outer and re.search(r"\b(vtr_\w+)\s*\(", outer):
        found.append(re.search(r"\b(vtr_\w+)\s*\(", outer).group(1))
    elif "enum" not in outer:
        found += re.findall(r"\b(vtr_\w+)\s*(?:\[[^\]]*\])*\s*;", outer)
    return found


class Entry:
    """A text and the declarations below it; either may be empty."""

    def __init__(self, text=()):
        self.text, self.declarations = list(text), []


class Page:
    def __init__(self, header, room):
        self.stem, self.room = header.stem, room
        self.entries = self.read(re.sub(r"\A/\*.*?\*/", "", header.read_text(encoding="utf-8")))

    @staticmethod
    def read(text):
        entries = [Entry()]
        for kind, piece, gap in pieces_of(text):
            if kind == "comment":
                entries.append(Entry(without_marks(piece)))
            elif gap:
                entries.append(Entry())
            if kind == "declaration":
                entries[-1].declarations.append(piece)
        return [entry for entry in entries if entry.text or entry.declarations]

    def names(self):
        return [name for entry in self.entries for piece in entry.declarations for name in names_of(piece)]


class Reference:
    def __init__(self, root):
        rooms, room_of = rooms_of(Path(root))
        headers = sorted((Path(root) / "include/vitrail").glob("*.h"))
        pages = [Page(header, room_of.get(header.stem, header.stem)) for header in headers]
        self.pages = {f"api/{page.stem}.html": page for page in sorted(pages, key=lambda p: rooms.index(p.room))}
        self.where = {name: place for place, page in reversed(self.pages.items()) for name in page.names()}

    def places(self):
        return [("api/index.html", "All names"), *((place, f"{page.stem}.h") for place, page in self.pages.items())]

    def linked(self, text, anchors=()):
        """Escaped text with its names as links; the first standing of each of `anchors` is where they lead."""
        left = set(anchors)

        def link(found):
            name = found.group()
            if name in left:
                left.discard(name)
                return f'<a class="name" id="{name}" href="#{name}">{name}</a>'
            if name in self.where and name not in anchors:
                return f'<a href="{Path(self.where[name]).name}#{name}">{name}</a>'
            return name

        return NAME.sub(link, html.escape(text, quote=False))

    def sentence(self, text):
        return re.sub(r"`([^`]+)`", r"<code>\1</code>", self.linked(text))

    def prose(self, lines):
        """Paragraphs; lines that are set in stay as they stand."""
        parts = []
        for paragraph in "\n".join(lines).split("\n\n"):
            heading = re.fullmatch(r"-{2,}\s*(.*?)\s*-{2,}", paragraph.strip(), re.DOTALL)
            if heading:
                parts.append(f"<h2>{html.escape(heading.group(1))}</h2>")
            elif re.search(r"^(?: {2}|- )", paragraph, re.MULTILINE):
                parts.append(f'<pre class="formula">{self.sentence(paragraph)}</pre>')
            elif paragraph.strip():
                parts.append(f"<p>{self.sentence(paragraph)}</p>")
        return "\n".join(parts)

    def entry(self, entry):
        text = self.prose(entry.text)
        if not entry.declarations:
            return text
        code = "\n".join(self.linked(re.sub(r"^VTR_API ", "", piece), names_of(piece)) for piece in entry.declarations)
        return f'<section class="entry">\n<pre><code>{code}</code></pre>\n{text}\n</section>'

    def page(self, place):
        if place not in self.pages:
            return self.index()
        page = self.pages[place]
        body = "\n".join(self.entry(entry) for entry in page.entries)
        return (f'<h1>{page.stem}.h</h1>\n<p class="room">room <code>{page.room}</code>, '
                f"<code>#include &lt;vitrail/{page.stem}.h&gt;</code></p>\n{body}")

    def index(self):
        rows = "\n".join(f'<li><a href="{Path(self.where[name]).name}#{name}">{name}</a></li>' for name in sorted(self.where))
        return ("<h1>All names of the C library</h1>\n<p>A function that can fail returns a status and fills the "
                f'<a href="error.html#vtr_error">vtr_error</a> given last.</p>\n<ul class="names">\n{rows}\n</ul>')
