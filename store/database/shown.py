"""A database's URL, fit for a log: it says where, and no password."""

from __future__ import annotations

from typing import Final

from sqlalchemy import URL

_SECRET: Final = ("password", "sslpassword")  #: of libpq's parameters, which a URL may give behind its "?"


def without_secrets(url: URL) -> str:
    """The URL with *** for each password."""
    hidden = {name: "***" for name in url.query if name.lower() in _SECRET}
    return url.update_query_dict(hidden).render_as_string(hide_password=True).replace("%2A", "*")
