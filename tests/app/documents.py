"""README and docs/*.md as their readers use them: blocks to copy, links to follow, tables to read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", ROOT / "ARCHITECTURE.md", *sorted((ROOT / "docs").rglob("*.md")))
OURS = tuple(page for page in PAGES if "adr" not in page.parts)

_BLOCK = re.compile(
    r"(?:^<!-- (?P<note>[^\n]+?) -->\n)?^```(?P<kind>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
_LINK = re.compile(r"\[[^\]\n]+\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_NAMED = re.compile(r"`((?:[\w.-]+/)+[\w.-]+\.(?:md|py|yaml|yml|json|sql|tsv|toml))`")


class Block(NamedTuple):
    """`note` is the comment above it, as `key: value` pairs."""

    page: Path
    kind: str
    text: str
    note: dict[str, str]

    @property
    def first_line(self) -> str:
        return self.text.partition("\n")[0]


def blocks(kind: str, pages: tuple[Path, ...] = PAGES) -> list[Block]:
    found = []
    for page in pages:
        for match in _BLOCK.finditer(page.read_text("utf-8")):
            pairs = (pair.partition(":") for pair in (match["note"] or "").split(";") if pair.strip())
            note = {name.strip(): value.strip() for name, _, value in pairs}
            if match["kind"] == kind:
                found.append(Block(page, kind, match["text"], note))
    return found


def prose(page: Path) -> str:
    """What is not in a block."""
    return _BLOCK.sub("", page.read_text("utf-8"))


def links(page: Path) -> list[str]:
    return _LINK.findall(prose(page))


def named_files(page: Path) -> list[str]:
    """Paths of files that are mentioned between backticks."""
    return _NAMED.findall(prose(page))


def anchors(page: Path) -> set[str]:
    """Of a page's headings, as they are linked to."""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in _HEADING.findall(prose(page))}


def tables(page: Path) -> Iterator[list[str]]:
    """Rows of each table, as lines."""
    rows: list[str] = []
    for line in [*prose(page).splitlines(), ""]:
        if line.startswith("|"):
            rows.append(line)
        elif rows:
            yield rows
            rows = []


def table_under(page: Path, heading: str) -> list[list[str]]:
    """The cells of the first table after a heading, without its head."""
    text = page.read_text("utf-8").partition(f"\n## {heading}\n")[2]
    lines = re.search(r"(?:^\|.*\n)+", text, re.MULTILINE)
    assert lines is not None, heading
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[0].splitlines()[2:]]
