"""ClaimReview, the markup fact-checkers put into their pages (schema.org/ClaimReview, as JSON-LD).

Pages carry it in every shape: alone, in lists, in @graph, below the article, as text within text, escaped as HTML,
several on a page, in nodes that name each other, broken. What can be read is read; what cannot is left out and logged.
"""

from __future__ import annotations

import json
import logging
import math
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

from ingest.formats.html import plain
from ingest.formats.reading import EPOCH, charset, declared_charset, decoded, distinct
from secondsource.contracts.characters import HALF, replaced
from secondsource.contracts.messages import Review
from secondsource.contracts.references import resolved

log = logging.getLogger(__name__)

_SCRIPT = re.compile(
    r"<script\b[^>]{0,400}?\bapplication/ld(?:\+|&#(?:43|x2b);|&plus;)json\b[^>]{0,400}>", re.IGNORECASE
)
_SCRIPT_END = re.compile(r"</script", re.IGNORECASE)
_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*+[\"']?\s*+([A-Za-z0-9_.:-]{2,40})", re.IGNORECASE)
_OPENING = re.compile(r"<!--|(?://|/\*)?\s*<!\[CDATA\[(?:\s*\*/)?")
_CLOSING = re.compile(r"(?:-->|(?://|/\*)?\s*\]\]>(?:\s*\*/)?)\s*;?\Z")
_LONGEST_CLOSING = 100  # characters; sought in all of a script, blanks without end would take their square
_NUMBER = re.compile(r"[-+]?\d{1,9}(?:[.,]\d{1,9})?")

_MOST_SCRIPTS = 50
_MOST_CHARACTERS = 2_000_000  #: of all scripts of a page together
_MOST_NODES = 50_000
_MOST_REVIEWS = 50
_MOST_APPEARANCES = 20
_LONGEST_TEXT = 2_000
_LONGEST_LINK = 2_000
_MOST = 1e9  #: that a rating may be; an integer of JSON may be more than any float
_WITHIN = 2  #: times that text within text is read as JSON again

Node = dict[str, Any]


def reviews_in(html: bytes | str, url: str, content_type: str = "") -> list[Review]:
    """All reviews of a page, each once, in their order. `url` is the page's own: reviews without an address get it.

    `content_type` is what its server says of bytes: "text/html; charset=windows-1251".
    """
    page = _decoded(html, content_type) if isinstance(html, bytes) else html
    nodes: list[Node] = []
    for script in _scripts(page, url):
        data = _parsed(script)
        if data is None:
            log.info("%s: JSON-LD that cannot be read as JSON", url[:200])
        else:
            nodes += _nodes(data)
    page_nodes = _Page(url, nodes)
    found: dict[Review, None] = {}
    for node in nodes:
        if not _is_claim_review(node):
            continue
        review = page_nodes.review(node)
        if review is None:
            log.info("%s: a ClaimReview that does not say what it reviews", url[:200])
        elif len(found) < _MOST_REVIEWS:
            found[review] = None
    return list(found)


def _scripts(page: str, url: str) -> Iterator[str]:
    """The JSON-LD scripts of a page that speaks of a ClaimReview in one of them."""
    at, left = 0, _MOST_CHARACTERS
    if "ClaimReview" not in page:
        return
    for _ in range(_MOST_SCRIPTS):
        start = _SCRIPT.search(page, at)
        end = _SCRIPT_END.search(page, start.end()) if start else None
        if start is None or end is None:
            return
        at = end.end()
        if end.start() - start.end() > left:
            break
        script = page[start.end() : end.start()]
        left -= len(script)
        yield script
    log.info("%s: more JSON-LD than is read", url[:200])


def score(value: object, worst: object, best: object) -> float | None:
    """A rating between its scale's worst (0) and best (1); None off the scale, or where one is no number."""
    numbers = _number(value), _number(worst), _number(best)
    if None in numbers or numbers[1] == numbers[2]:
        return None
    at, low, high = (number or 0.0 for number in numbers)
    share = (at - low) / (high - low)
    return share if 0.0 <= share <= 1.0 else None


def published(said: object) -> datetime | None:
    """An ISO date or time, in UTC; one without a zone is taken for UTC. None for what is none, or cannot be."""
    said = _literal(said)
    if not isinstance(said, str):
        return None
    try:
        at = datetime.fromisoformat(said.strip()[:40])
        at = at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
    return at if at >= EPOCH else None


def _decoded(page: bytes, content_type: str) -> str:
    said = _CHARSET.search(page[:4096])
    found = (declared_charset(content_type), charset(said[1].decode("ascii")) if said else "")
    names = [name for name in found if name]
    if page.startswith(b"\xef\xbb\xbf"):
        names.insert(0, "utf-8-sig")
    text = decoded(page, [*names, "utf-8"])
    return page.decode(names[0] if names == ["cp1252"] else "utf-8", "replace") if text is None else text


def _parsed(script: str) -> object | None:
    """JSON as lenient as pages need it: wrapped, with line ends within texts, escaped as HTML."""
    text = _unwrapped(_unwrapped(script)).rstrip(";")
    for attempt in (text, resolved(text) if "&" in text else ""):
        try:
            if attempt:
                return json.loads(attempt, strict=False)  # type: ignore[no-any-return] # whatever it is
        except (ValueError, RecursionError):
            continue
    return None


def _unwrapped(script: str) -> str:
    """Without the comment or the CDATA section around it."""
    text = script.strip()
    opened = _OPENING.match(text)
    closed = _CLOSING.search(text, max(0, len(text) - _LONGEST_CLOSING))
    return text[opened.end() if opened else 0 : closed.start() if closed else len(text)].strip()


def _nodes(data: object) -> Iterator[Node]:
    """Every object, however deep, in the order of the page."""
    waiting: list[tuple[object, int]] = [(data, 0)]
    for _ in range(_MOST_NODES):
        if not waiting:
            return
        node, within = waiting.pop()
        if isinstance(node, dict):
            yield node
            waiting += [(value, within) for value in reversed(node.values())]
        elif isinstance(node, list):
            waiting += [(value, within) for value in reversed(node)]
        elif isinstance(node, str) and within < _WITHIN and "ClaimReview" in node and node.lstrip()[:1] in {"{", "["}:
            waiting.append((_parsed(node), within + 1))


def _is_claim_review(node: Node) -> bool:
    said = node.get("@type", node.get("type"))
    return any(isinstance(one, str) and _term(one) == "ClaimReview" for one in _each(said))


def _term(name: str) -> str:
    """A word of the vocabulary, however it is written: "name", "schema:name", "https://schema.org/name"."""
    return re.split(r"[/:#]", name)[-1]


class _Page:
    """The nodes of one page. One may stand for another by naming it: {"@id": "#rating"}."""

    def __init__(self, url: str, nodes: Sequence[Node]) -> None:
        self._url = url
        self._named = {name: node for node in nodes if not _only_names(node) and (name := self._name_of(node))}

    def review(self, node: Node) -> Review | None:
        item = _first(self._of(node, "itemReviewed"))
        claim = _text(self._of(node, "claimReviewed")) or _text(self._of(item, "name")) or _text(self._of(item, "text"))
        if not claim:
            return None
        url = self._link(self._of(node, "url")) or self._url
        rating = _first(self._of(node, "reviewRating"))
        value = self._of(rating, "ratingValue")
        said = _text(self._of(rating, "alternateName")) or _text(self._of(rating, "name")) or _text(value)
        shown = [*_each(self._of(item, "appearance")), *_each(self._of(item, "firstAppearance"))]
        return Review(
            claim=claim,
            publisher=self._said_name(node, "author") or self._said_name(node, "publisher") or _host(url),
            url=url,
            reviewed_at=published(self._of(node, "datePublished")),
            rating=_text(rating) if isinstance(rating, str) else said,
            score=score(value, self._of(rating, "worstRating"), self._of(rating, "bestRating")),
            appearances=distinct([self._link(one) for one in shown])[:_MOST_APPEARANCES],
        )

    def _of(self, node: object, key: str) -> object:
        """What a node says under a word, with those it only names in their places."""
        if not isinstance(node, dict):
            return None
        value = node[key] if key in node else next((node[name] for name in node if _term(name) == key), None)
        return [self._meant(one) for one in value] if isinstance(value, list) else self._meant(value)

    def _meant(self, value: object) -> object:
        if isinstance(value, dict) and _only_names(value):
            return self._named.get(self._name_of(value), value)
        return value

    def _name_of(self, node: Node) -> str:
        said = node.get("@id")
        try:
            return urljoin(self._url, said) if isinstance(said, str) else ""
        except ValueError:
            return ""

    def _said_name(self, node: Node, key: str) -> str:
        value = _first(self._of(node, key))
        return _text(self._of(value, "name")) if isinstance(value, dict) else _text(value)

    def _link(self, value: object) -> str:
        """An absolute http(s) address, "" for anything else."""
        value = _first(value)
        if isinstance(value, dict):
            value = _first(self._of(value, "url") or _literal(value) or value.get("@id"))
        if not isinstance(value, str) or not value.strip() or len(value) > _LONGEST_LINK:
            return ""
        try:
            link = urljoin(self._url, resolved(value.strip()))
            parts = urlsplit(link)
        except ValueError:
            return ""
        return link if parts.scheme in {"http", "https"} and parts.hostname and not HALF.search(link) else ""


def _only_names(node: Node) -> bool:
    return "@id" in node and node.keys() <= {"@id", "@type"}


def _each(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _first(value: object) -> object:
    return next(iter(value), None) if isinstance(value, list) else value


def _literal(value: object) -> object:
    """The first of several; of a value with its type or language, the value."""
    value = _first(value)
    return value.get("@value") if isinstance(value, dict) else value


def _text(value: object) -> str:
    value = _literal(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{value:g}" if abs(value) < _MOST and math.isfinite(value) else ""
    if not isinstance(value, str):
        return ""
    return " ".join(replaced(plain(value[: 4 * _LONGEST_TEXT]), HALF).split())[:_LONGEST_TEXT]


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").removeprefix("www.")
    except ValueError:
        return ""


def _number(value: object) -> float | None:
    value = _literal(value)
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value) if abs(value) < _MOST and math.isfinite(value) else None
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        return float(value.strip().replace(",", "."))
    return None
