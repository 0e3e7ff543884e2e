"""What stands on the topics can be read by whoever reads them, whatever somebody wrote in a post."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from secondsource.contracts.errors import BadRecord
from secondsource.contracts.messages import Account, Counts, DeadLetter, Engagement, Post, Tick, decode, encode

TICK = Tick(collector="x", at=datetime(2031, 5, 14, tzinfo=UTC))
LETTER = DeadLetter(id="1", stage="enrich", source="s", target="t", reason="broken", body=b"\xff\0", at=TICK.at)


def test_half_a_surrogate_pair_stops_no_message() -> None:
    for odd, whole in (
        (replace(TICK, collector="\ud83d"), "\ufffd"),
        (replace(TICK, collector="🌉\udf09"), "🌉\ufffd"),
    ):
        assert decode(encode(odd)) == replace(TICK, collector=whole)
    assert decode(encode(replace(LETTER, reason="half \ud83d a pair"))) == replace(LETTER, reason="half \ufffd a pair")


@pytest.mark.parametrize("number", [-1, (1 << 53) + 1, 1 << 70, 10**30])
def test_numbers_that_nobody_means_are_the_records_own_fault(number: int) -> None:
    author = Account(uid="x:a-ana", handle="ana", followers=number)
    said = Post(
        uid="x:1",
        platform="x",
        author=author,
        text="",
        created_at=TICK.at,
        observed_at=TICK.at,
        collector="x",
        watches=(),
    )
    liked = replace(said, author=replace(author, followers=1 << 53), counts=Counts(likes=number))
    asked = Engagement(uid="x:1", observed_at=TICK.at, collector="x", watches=(), counts=Counts(reposts=number))
    for odd, place in ((said, "author.followers"), (liked, "counts.likes"), (asked, "counts.reposts")):
        with pytest.raises(BadRecord, match=rf"Expected `int` [<>]= .* at `\$\.{place}`"):
            decode(encode(odd))
