"""Nothing shown to anybody judges: no word of ours says whether a story is so, or what its tellers meant."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import alerts

ROOM = Path(alerts.__file__).parent
JUDGING = re.compile(
    r"\b(false(hoods?|ly)?|fak(e|ed|es|ing)|hoax(es)?|propagand\w*|lies|lying|liars?|debunk\w*|disproven?|refuted?|"
    r"misinform\w*|disinform\w*|untrue|bogus|rumou?rs?|mislead\w*|manipulat\w*|trolls?|bots?\b(?! token)|"
    r"true|truth\w*|verified|genuine|trustworthy|suspicious|dubious)\b",
    re.IGNORECASE,
)
TEMPLATES = sorted((ROOM / "desk" / "templates").glob("*.html"))
#: Modules whose words reach readers. Docstrings explain the code to its own people, so are left out.
SHOWN = [
    ROOM / "wording.py",
    ROOM / "notifiers" / "console.py",
    ROOM / "notifiers" / "slack_blocks.py",
    ROOM / "notifiers" / "slack_buttons.py",
    ROOM / "interactions" / "receiver.py",
    ROOM / "desk" / "app.py",
    ROOM / "desk" / "acting.py",
    ROOM / "desk" / "chart.py",
]


def words_of(module: Path) -> Iterator[str]:
    tree = ast.parse(module.read_text(encoding="utf-8"))
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            yield node.value


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_no_template_judges(template: Path) -> None:
    markup = template.read_text(encoding="utf-8").replace('aria-hidden="true"', "")
    assert [found[0] for found in JUDGING.findall(markup)] == []


@pytest.mark.parametrize("module", SHOWN, ids=lambda path: path.name)
def test_no_sentence_judges(module: Path) -> None:
    assert [words for words in words_of(module) if JUDGING.search(words)] == []


def test_there_is_something_to_look_at() -> None:
    assert len(TEMPLATES) >= 4
    assert JUDGING.search("this is FAKE news")
