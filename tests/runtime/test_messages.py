"""What stands on the topics can be read by whoever reads them, whatever somebody wrote in a post."""

from __future__ import annotations

from datetime import UTC, datetime

from msgspec.structs import replace

from secondsource.contracts.messages import DeadLetter, Tick, decode, encode

TICK = Tick(collector="x", at=datetime(2031, 5, 14, tzinfo=UTC))
LETTER = DeadLetter(id="1", stage="enrich", source="s", target="t", reason="broken", body=b"\xff\0", at=TICK.at)


def test_half_a_surrogate_pair_stops_no_message() -> None:
    for odd, whole in (
        (replace(TICK, collector="\ud83d"), "\ufffd"),
        (replace(TICK, collector="🌉\udf09"), "🌉\ufffd"),
    ):
        assert decode(encode(odd)) == replace(TICK, collector=whole)
    assert decode(encode(replace(LETTER, reason="half \ud83d a pair"))) == replace(LETTER, reason="half \ufffd a pair")
