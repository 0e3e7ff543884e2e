"""Nothing shown to anybody judges: no word of ours says whether a story is so, or what its tellers meant."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from msgspec import structs

import alerts
from alerts.notifiers import NOTIFIERS as NOTIFIER_KINDS
from alerts.notifiers import Notifier
from alerts.ports import Delivery
from secondsource.contracts.messages import AlertKind
from tests.delivery.stories import event
from tests.delivery.test_notifier_contract import places

ROOM = Path(alerts.__file__).parent
JUDGING = re.compile(
    r"\b(false(hoods?|ly)?|fak(e|ed|es|ing)|hoax(es)?|propagand\w*|lies|lying|liars?|debunk\w*|disproven?|refuted?|"
    r"misinform\w*|disinform\w*|untrue|bogus|rumou?rs?|mislead\w*|manipulat\w*|trolls?|bots?\b(?! token)|"
    r"true|truth\w*|verified|genuine|trustworthy|suspicious|dubious)\b",
    re.IGNORECASE,
)
TEMPLATES = sorted(ROOM.glob("**/templates/*.html"))
NOTIFIERS = ROOM / "notifiers"
#: Modules whose words reach operators only, in logs and in `status`; all other modules of notifiers speak to readers.
FOR_OPERATORS = {"__init__", "connection", "contract", "mail", "slack", "slack_errors", "webhook"}
#: Modules whose words reach readers. Docstrings explain the code to its own people, so are left out.
SHOWN = [
    ROOM / "wording.py",
    *sorted(path for path in NOTIFIERS.glob("*.py") if path.stem not in FOR_OPERATORS),
    *sorted((ROOM / "desk").glob("*.py")),
    *sorted((ROOM / "interactions").glob("*.py")),
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


@pytest.mark.parametrize("kind", NOTIFIER_KINDS, ids=lambda kind: kind.__name__)
def test_nothing_that_is_sent_judges(kind: type[Notifier]) -> None:
    """Every step of an alert, a digest of them, and a correction, as each notifier's readers get it."""
    with places[kind]() as place:
        told = [event(step, seq) for seq, step in enumerate(get_args(AlertKind), start=1)]
        for step in told:
            delivery = Delivery(f"{step.id}>{place.destination}", place.destination, step, False, "", 0)
            reference = place.notifier.post(delivery)
            place.notifier.correct(delivery._replace(reference=reference, stale=1))
        over = tuple(structs.replace(step, digest=True) for step in told)
        for several in (tuple(told), over) if place.notifier.digests else ():
            digest = Delivery(f"digest:{len(several)}{several is over}", place.destination, told[0], False, "", 0)
            place.notifier.post(digest._replace(together=several))
        said = place.shown()
    assert "482 interactions" in said
    assert [found[0] for found in JUDGING.findall(said)] == []


def test_there_is_something_to_look_at() -> None:
    assert len(TEMPLATES) >= 5
    assert {"console", "slack_blocks", "slack_digest", "mail_message", "webhook_body"} <= {path.stem for path in SHOWN}
    assert JUDGING.search("this is FAKE news")
