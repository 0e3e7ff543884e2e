"""When two links lead to the same page."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, parse_qsl, unquote, urlencode, urlsplit

#: Parameters that say how a reader came, not what the page is.
_TRACKING = re.compile(
    r"(?:utm_.*|fbclid|gclid|igshid|igsh|mc_.id|ref(?:_src|_url)?|s|smid|src|cmpid|amp|share|outputType)",
    re.IGNORECASE,
)
#: Shorteners tell nothing before they are resolved; a platform's own posts are ties of another kind.
_NOT_PAGES = re.compile(r"t\.co|(?:pic\.)?(?:[fv]x)?(?:twitter|x)\.com|bit\.ly|goo\.gl|ow\.ly|tinyurl\.com|buff\.ly")

#: The same pages for small screens, and by other names of their host.
_SMALL_SCREENS = re.compile(r"^(?:(?:www|m|amp|mobile)\.(?=[^.]+\.))+|(?<=\.)m\.(?=[^.]+\.[^.]+$)")
_OTHER_NAMES = {"telegram.me": "t.me", "youtube-nocookie.com": "youtube.com", "music.youtube.com": "youtube.com"}
#: Where the path alone says what is shown.
_BY_PATH = frozenset({"instagram.com", "tiktok.com", "t.me"})
_AMP = re.compile(r"^/amp(?=/.)|/amp$|\.amp(?=\.html$|$)|/index\.(?:html?|php)$")
_CLIP = re.compile(r"/(?:shorts|embed|live|v)/([\w-]{6,})")
#: Parameters that name a page of a site which has but one path.
_PAGE = frozenset({"p", "page_id", "id", "article", "story"})

#: Pages that show another, or lead on to it, and have its address in their own.
_COPIED = re.compile(
    r"(?:google\.[a-z.]+/amp/|[\w-]+\.cdn\.ampproject\.org/[cv]/)(?P<secure>s/)?(?P<bare>.+)"
    r"|web\.archive\.org/web/\d+(?:[a-z]{2}_)?/(?P<whole>https?:/.+)"
)
_LEADS_ON = {"/l.php": "u", "/url": "q", "/flx/warn/": "u"}


def canonical(link: str) -> str:
    """The page a link leads to, "" where it does not name one (a home page, a shortener, a platform's own post)."""
    try:
        parts = urlsplit(_shown(link))
        host = parts.hostname or ""
    except ValueError:
        return ""
    if not host or parts.scheme not in {"http", "https"}:
        return ""
    host = _SMALL_SCREENS.sub("", _in_letters(host))
    host = _OTHER_NAMES.get(host, host)
    if _NOT_PAGES.fullmatch(host):
        return ""
    if host in {"youtube.com", "youtu.be"} and (clip := _clip(host, parts)):
        return f"youtube.com/watch?v={clip}"
    path = _AMP.sub("", unquote(parts.path).rstrip("/")).rstrip("/")
    while "//" in path:
        path = path.replace("//", "/")
    kept = [] if host in _BY_PATH else [one for one in parse_qsl(parts.query) if not _TRACKING.fullmatch(one[0])]
    if host == "t.me" and path.startswith("/s/"):
        path = path.removeprefix("/s")
    if not path and not (kept := [one for one in kept if one[0] in _PAGE]):
        return ""
    return f"{host}{path}" + (f"?{urlencode(sorted(kept))}" if kept else "")


def _shown(link: str) -> str:
    """The address of the page that a cache or archive shows, or a redirect names; else the link."""
    if "amp" not in link and "archive.org" not in link and "u=" not in link and "q=" not in link:
        return link
    scheme, _, rest = link.partition("://")
    copied = _COPIED.match(rest.removeprefix("www."))
    if copied is not None:
        return copied["whole"] or f"{scheme}://{copied['bare']}"
    parts = urlsplit(link)
    named = _LEADS_ON.get(parts.path)
    to = next((value for key, value in parse_qsl(parts.query) if key == named), "") if named else ""
    return to if to.startswith(("http://", "https://")) else link


def _in_letters(host: str) -> str:
    """A host's name as it is read: "xn--…" in its own letters."""
    if "xn--" not in host:
        return host
    try:
        return host.encode("ascii").decode("idna")
    except UnicodeError:
        return host


def _clip(host: str, parts: SplitResult) -> str:
    """Which clip a link to YouTube shows, "" where it leads to none."""
    if host == "youtu.be":
        return parts.path.strip("/")
    named = _CLIP.match(parts.path)
    if named is not None:
        return named[1]
    return dict(parse_qsl(parts.query)).get("v", "") if parts.path == "/watch" else ""
