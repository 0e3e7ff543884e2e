"""When two links lead to the same page."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlencode, urlsplit

#: Parameters that say how a reader came, not what the page is.
_TRACKING = re.compile(
    r"(?:utm_.*|fbclid|gclid|igshid|mc_.id|ref(?:_src|_url)?|s|smid|src|cmpid|amp|share)", re.IGNORECASE
)
#: Shorteners tell nothing before they are resolved; a platform's own posts are ties of another kind.
_NOT_PAGES = re.compile(r"t\.co|(?:pic\.)?(?:twitter|x)\.com|bit\.ly|goo\.gl|ow\.ly|tinyurl\.com|buff\.ly")


def canonical(link: str) -> str:
    """The page a link leads to, "" where it does not name one (a home page, a shortener, a platform's own post)."""
    try:
        parts = urlsplit(link)
        host = (parts.hostname or "").removeprefix("www.").removeprefix("m.").removeprefix("amp.")
    except ValueError:
        return ""
    path = parts.path.rstrip("/")
    if not host or not path or _NOT_PAGES.fullmatch(host) or parts.scheme not in {"http", "https"}:
        return ""
    kept = [(key, value) for key, value in parse_qsl(parts.query) if not _TRACKING.fullmatch(key)]
    return f"{host}{path.removesuffix('/amp')}" + (f"?{urlencode(sorted(kept))}" if kept else "")
