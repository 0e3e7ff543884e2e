"""How sure `eval stance` is where no cue told."""

from __future__ import annotations

import pytest

from secondsource.app.evaluation.stance import judge_stance


@pytest.mark.parametrize(
    ("text", "confidence"),
    [
        ("Die alte Brücke von Velgrad ist heute morgen eingestürzt", 0.4),  # no cues of German
        ("این پل قدیمی صبح امروز فرو ریخت", 0.4),
        ("The old bridge in the town of Velgrad fell this morning", 0.7),
        ("سقط الجسر القديم هذا الصباح في المدينة", 0.7),
        ("", 0.9),  # nothing is said, in any language
    ],
)
def test_silence_in_a_language_without_cues_is_not_sure(text: str, confidence: float) -> None:
    assert judge_stance()({"text": text})["confidence"] == confidence
