"""Twitter15/16 (Ma et al. 2017): retweet trees as dated interactions. The labels are never read.

The data lies outside the repository.
"""

from __future__ import annotations

import re
import tarfile
from pathlib import Path
from typing import NamedTuple

TREES = Path("../shared/data/twitter15_16/trees.tar.gz")
_NODE = re.compile(r"'([^']*)'")
_SNOWFLAKES_BEGAN = 1_288_834_974.657


class Cascade(NamedTuple):
    """A tweet's `name` (set and id), its author, when it was made, and who passed it on how many seconds later.

    In order, each account once, at its first time; what is dated before the tweet is taken to have come with it.
    """

    name: str
    author: str
    at: float
    shares: tuple[tuple[float, str], ...]


def read() -> list[Cascade]:
    """All of them, oldest first."""
    cascades = []
    with tarfile.open(TREES) as archive:
        for entry in archive:
            file = archive.extractfile(entry) if entry.name.endswith(".txt") else None
            if file is not None:
                cascades.append(_cascade(entry.name, file.read().decode("utf-8").splitlines()))
    return sorted(cascades, key=lambda cascade: (cascade.at, cascade.name))


def _cascade(path: str, lines: list[str]) -> Cascade:
    tweet = Path(path).stem
    author = ""
    first: dict[str, float] = {}
    for line in lines:
        parent, _, _, account, _, minutes = _NODE.findall(line)
        if parent == "ROOT":
            author = author or account
        elif account != author:
            seconds = max(0.0, 60 * float(minutes))
            first[account] = min(seconds, first.get(account, seconds))
    shares = sorted((seconds, account) for account, seconds in first.items())
    name = f"{path.split('/', maxsplit=1)[0]}:{tweet}"
    return Cascade(name, author, (int(tweet) >> 22) / 1_000 + _SNOWFLAKES_BEGAN, tuple(shares))
