"""Character references of HTML ("&amp;", "&#233;"), as what they stand for, whatever somebody writes for one."""

from __future__ import annotations

import re
from html import unescape

_NO_CHARACTER = re.compile(r"&#(?:\d{9,}|[xX][0-9a-fA-F]{9,});?")  # int() refuses more than 4,300 digits


def resolved(text: str) -> str:
    """The text with its references replaced; those of numbers that no character has by U+FFFD."""
    return unescape(_NO_CHARACTER.sub("\ufffd", text)) if "&" in text else text
