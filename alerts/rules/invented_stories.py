"""A story of the invented town of Velgrad, and what may become known of it: what examples of rules are made from."""

from __future__ import annotations

from datetime import UTC, datetime

from alerts.rules.evidence import Everywhere, Old, StoryEvidence
from secondsource.contracts.messages import Checked, Earlier, Origin, Spread

OPENED = datetime(2031, 5, 4, 9, 0, tzinfo=UTC)
AS_OF = datetime(2031, 5, 4, 9, 18, tzinfo=UTC)

SPIKE = Spread(
    interactions=214, age_seconds=1080, state="measured", expected=12.0, dispersion=0.4, surprise=4.5e-16, history=180
)
CALM = Spread(
    interactions=34, age_seconds=1080, state="measured", expected=12.0, dispersion=0.4, surprise=0.022, history=180
)
YOUNG = Spread(interactions=214, age_seconds=1080, state="insufficient data", history=4)

STORY = StoryEvidence(
    watch="velgrad",
    claim="The old bridge of Velgrad has fallen, cars in the river",
    opened_at=OPENED,
    as_of=AS_OF,
    state="single-origin",
    spread=SPIKE,
    independent=1.0,
    derivation="57 asserting posts trace back to 1 origin",
    posts=57,
    accounts=49,
    disputes=0,
    copies=(("repost", 41), ("text", 12), ("media", 3)),
    origins=(Origin(first_uid="x:1", first_handle="brana_k", first_at=OPENED, posts=57, accounts=49),),
)
CONFIRMED = STORY._replace(
    independent=3.0, state="multi-origin", derivation="57 asserting posts trace back to 3 origins"
)  #: three who do not copy each other assert it

RIVER = Earlier(
    picture="a" * 64,
    seen_at=datetime(2014, 3, 2, 7, 30, tzinfo=UTC),
    source="archive",
    handle="river_gauge",
    caption="Flood at Ostrava Brod, the bridge gave way this morning",
    distance=6,
    named=("ostrava-brod",),
)
OLD_RIVER = Old(since=RIVER.seen_at, posts=4, interactions=170)
LOGO = Everywhere("b" * 64, 8, datetime(2030, 1, 1, tzinfo=UTC))
REVIEW = Checked(
    source="feed:bridge-check",
    claim="The old bridge of Velgrad has collapsed",
    publisher="Gazette Checks",
    url="https://gazette.example/checks/bridge",
    published_at=datetime(2031, 4, 2, 7, 30, tzinfo=UTC),
    shared=("bridge", "velgra"),
)
