"""Plain text from the HTML that Mastodon and feeds carry, in one pass whose time grows with its length alone.

Reads tags as browsers do (HTML Living Standard, §13.2.5), so that what a reader would see is what is kept; but an
own reader: the standard library's takes minutes over 100 KB made to be slow (its tags are sought again from each "<").
Whatever comes, text comes out: there is no such thing as malformed HTML. Marks that steer the direction of text are
part of what was written and are kept.
"""

from __future__ import annotations

import re
from html import unescape
from typing import NamedTuple

from ingest.formats.reading import distinct
from secondsource.contracts.references import resolved

_NAME = re.compile(r"[^\s/>]*")
_ATTRIBUTE = re.compile(r"[^\s/>=]+|=[^\s/>=]*")
_VALUE = re.compile(r"\s*=\s*")
_BARE = re.compile(r"[^\s>]*")
_BETWEEN = re.compile(r"[\s/]*")
_SPACES = re.compile(r"[ \t\r\n\f\v]+")
_SPACES_IN_LINE = re.compile(r"[ \t\f\v]+")
_ENTITY = re.compile(r"&(?:#\d{1,8}|#[xX][0-9a-fA-F]{1,8}|[A-Za-z][A-Za-z0-9]{0,31});")
_STEERING = dict.fromkeys(map(ord, "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"))
_LONGEST_LINK = 4096

#: What stands between their tags is no text of the page.
_UNREAD = {
    name: re.compile(f"</{name}(?=[\\s/>])", re.IGNORECASE)
    for name in ("script", "style", "template", "iframe", "noembed", "noframes", "title", "textarea", "object")
}
_PARAGRAPHS = frozenset(
    [
        "p",
        "blockquote",
        "pre",
        "ul",
        "ol",
        "dl",
        "table",
        "figure",
        "hr",
        "article",
        "section",
        "header",
        "footer",
        "aside",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
    ]
)
_LINES = frozenset(["br", "div", "li", "tr", "dt", "dd", "figcaption", "caption", "option"])
_VOID = frozenset(
    ["br", "hr", "img", "input", "wbr", "source", "track", "area", "base", "col", "embed", "link", "meta", "param"]
)


class Marked(NamedTuple):
    """What a piece of HTML says: its text, and what its anchors lead to.

    `links` are absolute http(s) addresses; `hashtags` and `mentions` without their sign, as the anchors mark them
    (a mention is "name" or "name@host", as shown).
    """

    text: str
    links: tuple[str, ...]
    hashtags: tuple[str, ...]
    mentions: tuple[str, ...]


def plain(html: str) -> str:
    """The text alone: a line break for <br>, an empty line between paragraphs, entities decoded."""
    return read(html).text


def read(html: str, *, without: str = "") -> Marked:
    """Text and marks; `without` is a class whose elements' text is left out (their links are kept)."""
    if "<" not in html:
        return Marked(_laid_out([_SPACES.sub(" ", _decoded(html))]), (), (), ())
    reader = _Reader(without)
    reader.read(html)
    return Marked(
        _laid_out(reader.pieces), distinct(reader.links), distinct(reader.hashtags), distinct(reader.mentions)
    )


class _Tag(NamedTuple):
    """`end` is where the text goes on, -1 where the tag is never closed."""

    name: str
    attributes: dict[str, str]
    end: int


class _Reader:
    def __init__(self, without: str) -> None:
        self.pieces: list[str] = []
        self.links: list[str] = []
        self.hashtags: list[str] = []
        self.mentions: list[str] = []
        self._without = without
        self._skipped = ""  # the element being left out, and how deep in elements of its name
        self._depth = 0
        self._preformatted = 0
        self._anchor: tuple[dict[str, str], int] | None = None

    def read(self, html: str) -> None:
        at = 0
        while at >= 0:
            start = html.find("<", at)
            self._text(html[at:] if start < 0 else html[at:start])
            at = -1 if start < 0 else self._markup(html, start)
        self._anchor_ends()

    def _markup(self, html: str, start: int) -> int:
        """Where the text goes on after the "<" at `start`; -1 at the end."""
        following = html[start + 1 : start + 2]
        if following.isascii() and following.isalpha():
            tag = _tag(html, start + 1)
            if tag.end >= 0:
                self._opens(tag)
            unread = _UNREAD.get(tag.name)
            if tag.end < 0 or unread is None:
                return tag.end
            close = unread.search(html, tag.end)
            return -1 if close is None else close.start()
        if following == "/":
            if html[start + 2 : start + 3].isalpha():
                tag = _tag(html, start + 2)
                self._closes(tag.name)
                return tag.end
            return _after(html, ">", start + 2)
        if html.startswith("<!--", start):
            return _after(html, "-->", start + 2)
        if following in {"!", "?"}:
            return _after(html, ">", start + 1)
        self._text("<")
        return start + 1

    def _text(self, raw: str) -> None:
        if not raw or self._skipped:
            return
        spaces = _SPACES_IN_LINE if self._preformatted else _SPACES
        self.pieces.append(spaces.sub(" ", _decoded(raw)))

    def _opens(self, tag: _Tag) -> None:
        name = tag.name
        if self._skipped:
            self._depth += name == self._skipped
        elif self._without and name not in _VOID and self._without in tag.attributes.get("class", "").split():
            self._skipped, self._depth = name, 1
        if name == "a":
            self._anchor_ends()
            self._anchor = (tag.attributes, len(self.pieces))
        else:
            self._breaks(name)
        self._preformatted += name == "pre"

    def _closes(self, name: str) -> None:
        if name == "a":
            self._anchor_ends()
        elif name != "br":
            self._breaks(name)
        if name == "pre" and self._preformatted:
            self._preformatted -= 1
        if name == self._skipped:
            self._depth -= 1
            if not self._depth:
                self._skipped = ""

    def _breaks(self, name: str) -> None:
        if self._skipped:
            return
        if name in _PARAGRAPHS:
            self.pieces.append("\n\n")
        elif name in _LINES:
            self.pieces.append("\n")
        elif name in {"td", "th"}:
            self.pieces.append(" ")

    def _anchor_ends(self) -> None:
        if self._anchor is None:
            return
        (attributes, start), self._anchor = self._anchor, None
        shown = "".join(self.pieces[start:]).strip()
        classes = attributes.get("class", "").split()
        before = self.pieces[start - 1][-1:] if start else ""
        sign = shown[:1] if shown[:1] in {"#", "＃", "@"} else before
        word = shown.lstrip("#＃@").translate(_STEERING).strip()
        if sign in {"#", "＃"} and ("hashtag" in classes or "tag" in attributes.get("rel", "").split()):
            self.hashtags.append(word)
        elif sign == "@" and "mention" in classes:
            self.mentions.append(word)
        else:
            self.links.append(_address(attributes.get("href", "")))


def _tag(html: str, at: int) -> _Tag:
    """The tag whose name begins at `at`."""
    name = _matched(_NAME, html, at)
    at += len(name)
    attributes: dict[str, str] = {}
    while True:
        at += len(_matched(_BETWEEN, html, at))
        if at >= len(html):
            return _Tag(name.lower(), attributes, -1)
        if html[at] == ">":
            return _Tag(name.lower(), attributes, at + 1)
        key = _matched(_ATTRIBUTE, html, at)
        at += len(key)
        value = _VALUE.match(html, at)
        if value is None:
            attributes.setdefault(key.lower(), "")
            continue
        at = value.end()
        quote = html[at : at + 1]
        if quote in {'"', "'"}:
            close = html.find(quote, at + 1)
            if close < 0:
                return _Tag(name.lower(), attributes, -1)
            said, at = html[at + 1 : close], close + 1
        else:
            said = _matched(_BARE, html, at)
            at += len(said)
        # in addresses "&copy=1" is no ©: only what ends in ";" is an entity here
        attributes.setdefault(key.lower(), _ENTITY.sub(lambda found: unescape(found[0]), said))


def _matched(pattern: re.Pattern[str], text: str, at: int) -> str:
    found = pattern.match(text, at)
    return found[0] if found else ""


def _after(html: str, end: str, at: int) -> int:
    found = html.find(end, at)
    return -1 if found < 0 else found + len(end)


def _decoded(text: str) -> str:
    text = resolved(text)
    return text.replace("\x00", "\ufffd") if "\x00" in text else text


def _laid_out(pieces: list[str]) -> str:
    text = re.sub(r" {2,}", " ", "".join(pieces))
    text = re.sub(r" ?\r?\n ?", "\n", text)
    return re.sub(r"\n{3,}", "\n\n", text).strip(" \n")


def _address(href: str) -> str:
    """An absolute http(s) address; "" for anything else a link can hold."""
    href = re.sub(r"[\x00-\x20]", "", href)
    known = href[:8].lower().startswith(("http://", "https://"))
    return href if known and len(href) <= _LONGEST_LINK else ""
