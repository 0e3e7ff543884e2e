"""Entries of RSS and Atom feeds as posts of the outlet that published them.

`entries` reads a document, `to_post` maps one entry. A feed may carry what others published: where an entry names
its source, that publisher is the author, and an entry of an aggregator that names none is nobody's.
"""

from __future__ import annotations

import codecs
import io
import re
from calendar import timegm
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

import feedparser

from ingest.formats.html import plain
from ingest.formats.reading import EARLIEST, EPOCH, charset, declared_charset, decoded, distinct, hashtags_in, language
from secondsource.contracts.credits import OURS, Credits
from secondsource.contracts.errors import BadRecord
from secondsource.contracts.messages import LONGEST_ID, Account, MediaRef, Post, Review, Struct
from secondsource.contracts.settings import setting

PLATFORM = "feed"
OUTLET, AGENCY, FACT_CHECKER, AGGREGATOR = "outlet", "agency", "fact-checker", "aggregator"

AHEAD = timedelta(minutes=5)  #: how far in the future a date may lie and be believed
_LONGEST_GUID = 400
_LONGEST_LINK = 2_000
_MOST_ENTRIES = 1_000
_LONGEST_TITLE = 500
_LONGEST_SUMMARY = 4_000
_LONGEST_HTML = 100_000
_MOST_PICTURES = 4
_MOST_CATEGORIES = 20
_GLOBAL = re.compile(r"(?:https?://|tag:|urn:)", re.IGNORECASE)
_TRACKING = re.compile(r"utm_.*|at_medium|at_campaign|fbclid|gclid|cmpid|ftag|ref", re.IGNORECASE)
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (b"<\x00?\x00", "utf-16-le"),
    (b"\x00<\x00?", "utf-16-be"),
)
_WRITTEN = re.compile(rb"^\s*<\?xml\b[^>]*?\bencoding\s*=\s*[\"']([A-Za-z0-9_.:-]{2,40})[\"']", re.IGNORECASE)
_DECLARATION = re.compile(r"^\s*+<\?xml\b[^>]*+>")
_LONGEST_DECLARATION = 1_000
_REFERENCE = re.compile(r"&#(?:[xX]([0-9a-fA-F]+)|([0-9]+));")
_LONGEST_REFERENCE = 9  # digits; int() refuses more than 4,300
_PICTURE = re.compile(r"\.(?:jpe?g|png|webp|gif|avif)$", re.IGNORECASE)
_VIDEO = re.compile(r"\.(?:mp4|webm|mov|m4v)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """One feed that is read, and who stands behind it."""

    url: str = setting(
        "",
        "Address of the RSS or Atom document.",
        example="https://feeds.bbci.co.uk/news/world/rss.xml",
        pattern=r"https?://\S+",
    )
    publisher: str = setting("", "Who publishes it, as people know them.", example="BBC News", at_least=1)
    domain: str = setting(
        "",
        "The publisher's domain: it identifies the publisher in all feeds.",
        example="bbc.co.uk",
        pattern=r"[a-z0-9][a-z0-9.-]*\.[a-z0-9-]+",
    )
    kind: str = setting(
        "outlet",
        "What the publisher is: outlet, agency, fact-checker, or aggregator for a feed of others' articles.",
        pattern="outlet|agency|fact-checker|aggregator",
    )
    language: str = setting("", 'BCP 47 code of the language it is written in; "" where it varies.', example="en")


class Entry(Struct, frozen=True, kw_only=True):
    """An entry as it was read: plain texts, absolute links; nothing of it is checked. Also what a rejected one is."""

    guid: str = ""
    link: str = ""
    title: str = ""
    summary: str = ""
    at: float | None = None
    bylines: tuple[str, ...] = ()
    source: str = ""
    source_url: str = ""
    media: tuple[MediaRef, ...] = ()
    categories: tuple[str, ...] = ()

    def digest(self) -> str:
        """Which entry it is, in which wording."""
        told = "\0".join((self.guid, self.link, self.title, self.summary))
        return sha256(told.encode("utf-8", "replace")).hexdigest()[:16]


def entries(body: bytes, url: str, content_type: str = "") -> list[Entry]:
    """Entries in their order. Broken XML is read as far as it goes.

    Raises:
        BadRecord: nothing that could be a feed.
    """
    # a stream, not the bytes: those would be tried as a file's name first
    document = feedparser.parse(
        io.BytesIO(_in_utf8(body, content_type)),
        response_headers={"content-type": "application/xml; charset=utf-8", "content-location": url},
        sanitize_html=False,
        resolve_relative_uris=False,
    )
    if not document.get("version") and not document.get("entries"):
        begins = " ".join(body[:60].decode("ascii", "replace").split())
        raise BadRecord(f"expected RSS or Atom, came {len(body):,} bytes that begin {begins!r}")
    return [_entry(one, url) for one in document["entries"][:_MOST_ENTRIES]]


def _in_utf8(body: bytes, content_type: str) -> bytes:
    """The document in the encoding that it has by its first bytes, by its server's word, by its own, or by a guess.

    feedparser would believe in any that Python knows, and look for its name in time that grows with the cube of a
    line's length. Without entities of its own, which expat would unfold up to a hundredfold before it gave up.
    """
    marked = next((name for mark, name in _MARKS if body.startswith(mark)), "")
    written = _WRITTEN.search(body[:_LONGEST_DECLARATION].replace(b"\x00", b""))
    names = [marked, declared_charset(content_type), charset(written[1].decode("ascii")) if written else ""]
    text = decoded(body, (*names, "utf-8", "cp1252", "iso-8859-2")) or ""  # the last of them reads anything
    text = _DECLARATION.sub("", text.lstrip("\ufeff"), count=1).replace("<!ENTITY", "<!NOTHING")
    text = _REFERENCE.sub(_to_a_character, text)
    return f"<?xml version='1.0' encoding='utf-8'?>\n{text}".encode("utf-8", "replace")


def _to_a_character(found: re.Match[str]) -> str:
    """A reference that stands for a character as it is; of any other feedparser would make nothing of the document."""
    digits = (found[1] or found[2]).lstrip("0")
    code = int(digits or "0", 16 if found[1] else 10) if len(digits) < _LONGEST_REFERENCE else -1
    return f"&#{code};" if 0 <= code < 0xD800 or 0xDFFF < code < 0x110000 else "\ufffd"


def to_post(
    entry: Entry,
    feed: Feed,
    now: datetime,
    collector: str,
    reviews: Sequence[Review] = (),
    agencies: Credits = OURS,
) -> Post:
    """The entry, observed at `now`, of no watch yet.

    A date that cannot be (before 2006, or ahead of `now`) is the publisher's mistake: `now` is taken instead.

    Raises:
        BadRecord: neither an id nor a link, no text, or nobody who published it.
    """
    link = canonical(entry.link)
    if not entry.guid and not link:
        raise BadRecord("expected an entry with a guid or a link, found neither")
    domain, publisher = _publisher(entry, feed, link)
    title = entry.title.removesuffix(f" - {entry.source}") if entry.source else entry.title
    text = entry.summary if title and entry.summary.startswith(title) else f"{title}\n{entry.summary}".strip()
    if not text:
        raise BadRecord("expected an entry with a title or a summary, found neither")
    at = _believed(entry.at, now)
    own = agencies.agency(publisher) if feed.kind == AGENCY and domain == feed.domain else ""
    return Post(
        uid=uid(entry.guid, link, feed.domain),
        platform=PLATFORM,
        author=Account(uid=f"feed:@{domain}"[:LONGEST_ID], handle=domain, name=publisher),
        text=text,
        created_at=at,
        observed_at=now,
        collector=collector,
        watches=(),
        url=link,
        links=distinct([link]),
        media=entry.media,
        hashtags=distinct([*hashtags_in(text), *entry.categories]),
        lang_hint=language(feed.language.partition("-")[0]),
        credits=distinct([own, *agencies.found_in(text, entry.bylines)]),
        reviews=tuple(reviews),
    )


def uid(guid: str, link: str, domain: str) -> str:
    """The entry's own id where it can be the only one in the world, with the feed's domain where it cannot."""
    key = guid or link
    if guid and not _GLOBAL.match(guid):
        key = f"{domain}/{guid}"
    key = key.replace("\x00", "")
    return f"feed:{key if len(key) <= _LONGEST_GUID else sha256(key.encode('utf-8', 'replace')).hexdigest()}"


def canonical(link: str) -> str:
    """An http(s) link without what says where its reader came from; "" for anything else."""
    link = link.strip()
    if len(link) > _LONGEST_LINK or not link.isprintable():
        return ""
    try:
        parts = urlsplit(link)
        host = parts.hostname
    except ValueError:
        return ""
    if parts.scheme.lower() not in {"http", "https"} or not host:
        return ""
    if not parts.query:
        return urlunsplit(parts._replace(fragment=""))
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    kept = [pair for pair in pairs if not _TRACKING.fullmatch(pair[0])]
    query = parts.query if len(kept) == len(pairs) else urlencode(kept)
    return urlunsplit(parts._replace(query=query, fragment=""))


def domain_of(link: str) -> str:
    """The host of an http(s) link without "www.", "" for anything else."""
    try:
        parts = urlsplit(link.strip())
        host = (parts.hostname or "").rstrip(".") if parts.scheme in {"http", "https"} else ""
    except ValueError:
        return ""
    return host.lower().removeprefix("www.")


def within(domain: str, other: str) -> bool:
    """Whether `domain` is `other` or below it."""
    return domain == other or domain.endswith("." + other)


def _publisher(entry: Entry, feed: Feed, link: str) -> tuple[str, str]:
    """Domain and name of who published the entry: its source where that is another than the feed's publisher."""
    source = domain_of(entry.source_url)
    if source and not within(source, feed.domain):
        return source, entry.source or source
    if feed.kind != AGGREGATOR:
        return feed.domain, feed.publisher
    linked = domain_of(link)
    if not linked or within(linked, feed.domain):
        raise BadRecord(f"expected {feed.publisher}, which collects what others publish, to name the source")
    return linked, entry.source or linked


def _believed(at: float | None, now: datetime) -> datetime:
    if at is None:
        return now
    try:
        said = EPOCH + timedelta(seconds=at)
    except OverflowError:
        return now
    return said if EARLIEST <= said <= now + AHEAD else now


def _entry(raw: Mapping[str, Any], document: str) -> Entry:
    source = raw.get("source") or {}
    authors = [_said(one.get("name")) for one in raw.get("authors") or () if isinstance(one, Mapping)]
    return Entry(
        guid=_said(raw.get("id")),
        link=_said(raw.get("feedburner_origlink")) or _said(raw.get("link")),
        title=" ".join(_plain(raw.get("title"), raw.get("title_detail")).split())[:_LONGEST_TITLE],
        summary=_summary(raw),
        at=_time(raw.get("published_parsed") or raw.get("updated_parsed")),
        bylines=distinct([*authors, _said(raw.get("author")), _said(raw.get("publisher"))]),
        source=_said(source.get("title")),
        source_url=_said(source.get("href")) or _said(source.get("link")),
        media=_media(raw, document),
        categories=_categories(raw),
    )


def _said(value: object) -> str:
    return value.replace("\x00", "").strip() if isinstance(value, str) else ""


def _plain(value: object, detail: object) -> str:
    if not isinstance(value, str):
        return ""
    value = value[:_LONGEST_HTML].replace("\x00", "")
    is_text = isinstance(detail, Mapping) and detail.get("type") == "text/plain"
    return value.strip() if is_text else plain(value)


def _summary(raw: Mapping[str, Any]) -> str:
    text = _plain(raw.get("summary"), raw.get("summary_detail"))
    if not text:
        contents = raw.get("content") or [{}]
        text = _plain(contents[0].get("value"), contents[0])
    return text if len(text) <= _LONGEST_SUMMARY else text[:_LONGEST_SUMMARY].rsplit(None, 1)[0] + "…"


def _time(parsed: object) -> float | None:
    try:
        return float(timegm(parsed)) if isinstance(parsed, tuple) else None
    except (ValueError, OverflowError):
        return None


def _categories(raw: Mapping[str, Any]) -> tuple[str, ...]:
    """What outlets file an article under does what hashtags do elsewhere."""
    terms = [_said(tag.get("term")) for tag in (raw.get("tags") or ())[:_MOST_CATEGORIES]]
    written = ["".join(letter for letter in term if letter.isalnum() or letter == "_") for term in terms]
    return distinct([tag for tag in written if len(tag) <= 100 and not tag.isdigit()])


def _media(raw: Mapping[str, Any], document: str) -> tuple[MediaRef, ...]:
    """Pictures and videos, of those in several sizes the largest. Thumbnails only where there is nothing else."""
    largest: dict[str, tuple[int, MediaRef]] = {}
    offered = [(one.get("href"), one) for one in raw.get("enclosures") or ()]
    offered += [(one.get("url"), one) for one in raw.get("media_content") or ()]
    for url, about in offered or [(one.get("url"), {"medium": "image"}) for one in raw.get("media_thumbnail") or ()]:
        ref = _picture(_absolute(_said(url), document), about)
        if ref is None:
            continue
        width = str(about.get("width", ""))
        size = int(width) if width.isdecimal() and len(width) < 6 else 0
        place = ref.url.partition("?")[0]
        if place not in largest or largest[place][0] < size:
            largest[place] = (size, ref)
    return tuple(ref for _, ref in largest.values())[:_MOST_PICTURES]


def _absolute(url: str, document: str) -> str:
    """An address that may be told from where the document stands; "" for what is none."""
    try:
        return urljoin(document, url) if url else ""
    except ValueError:
        return ""


def _picture(url: str, about: Mapping[str, Any]) -> MediaRef | None:
    if not domain_of(url) or len(url) > _LONGEST_LINK:
        return None
    kind = (_said(about.get("type")) or _said(about.get("medium"))).partition("/")[0].lower()
    path = url.partition("?")[0]
    if kind == "video" or (not kind and _VIDEO.search(path)):
        return MediaRef(url=url, kind="video")
    if kind == "image" or (not kind and _PICTURE.search(path)):
        return MediaRef(url=url)
    return None
