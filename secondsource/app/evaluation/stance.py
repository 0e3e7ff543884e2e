"""How posts take what they speak of, as enrichment sees them; with what they answer, where that is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from config.cues import load_cues
from config.loader import BUILT_IN
from enrich.annotators.language import LanguageAnnotator
from enrich.annotators.stance import StanceAnnotator
from enrich.stance.features import Thread
from enrich.stance.model import StanceModel
from secondsource.app.evaluation.labelled_stance import FIELD, shows
from secondsource.app.evaluation.lines import Line, text_of
from secondsource.contracts.errors import BadRecord
from secondsource.contracts.messages import Account, MediaRef, Post

_LATEST = datetime(9999, 1, 1, tzinfo=UTC)  # of a post without a date any year it names is an earlier one
_FOREIGN = 0.4  # how sure silence is in a language without cues
_SHOWN, _LINKED = (MediaRef(url="given"),), ("given",)


def judge_stance(model: Path | None = None, cues: Path | None = None) -> Callable[[Line], Line]:
    """From {"text", "reply_to"?, "source"?, "created_at"?, "links"?, "media"?} to {"label", "stance", "confidence",
    "cue"?, "hedged"?, "attributed_to"?, "disowns"?}. `model` was made by `stance train`; without, cues alone judge.

    Raises:
        BadConfiguration: cues or a model that cannot work.
    """
    lists = load_cues(cues or BUILT_IN / "cues")
    annotator = StanceAnnotator(lists, None if model is None else StanceModel.load(model))
    languages = cache(LanguageAnnotator)  # made when it is first asked for

    def judge(line: Line) -> Line:
        text = text_of(line)
        parent, source = _given(line, "reply_to"), _given(line, "source")
        answers = parent is not None or source is not None or text.lstrip(" .").startswith("@")
        post = Post(
            uid="given:1",
            platform="given",
            author=Account(uid="given:2", handle=""),
            text=text,
            created_at=_date(line),
            observed_at=_LATEST,
            collector="eval",
            watches=(),
            reply_to="given:3" if answers else "",
            media=_SHOWN if line.get("media") else (),
            links=_LINKED if shows(line, text) else (),
        )
        judged = annotator.judge(post, _thread(annotator, parent, source))
        confidence = judged.confidence
        if not judged.stance.cue and any(map(str.isalpha, text)):  # no cue told, but could one?
            (language,) = languages().identify_all([(text, "")])
            confidence = confidence if language.code in lists else min(confidence, _FOREIGN)
        found: dict[str, Any] = {
            "label": FIELD[judged.stance.label],
            "stance": judged.stance.label,
            "confidence": round(confidence, 4),
            "cue": judged.stance.cue,
        }
        if judged.stance.hedged:
            found["hedged"] = True
        if judged.stance.attributed_to:
            found["attributed_to"] = judged.stance.attributed_to
        if judged.stance.disowns:
            found["disowns"] = list(judged.stance.disowns)
        return found

    return judge


def _thread(annotator: StanceAnnotator, parent: str | None, source: str | None) -> Thread | None:
    if not parent and not source:
        return None  # it may answer something whose words are not known
    first = source if source is not None else parent
    answered = parent if parent is not None else source
    assert first is not None
    assert answered is not None
    return Thread(annotator.read(answered), annotator.read(first))


def _given(line: Line, key: str) -> str | None:
    """The text of another post; None where it is not given."""
    other = line.get(key)
    if other is None:
        return None
    if not isinstance(other, Mapping) or not isinstance(other.get("text"), str):
        msg = f'{key}: expected {{"text": …}}'
        raise BadRecord(msg)
    return str(other["text"])


def _date(line: Line) -> datetime:
    given = line.get("created_at")
    if given is None:
        return _LATEST
    try:
        when = datetime.fromisoformat(given)
    except (TypeError, ValueError) as error:
        msg = f"created_at: expected an ISO date, {error}"
        raise BadRecord(msg) from error
    return when if when.tzinfo is not None else when.replace(tzinfo=UTC)
