from __future__ import annotations

import msgspec

from alerts import life
from alerts.evidence import StoryEvidence
from alerts.rules.uncorroborated_spike import EXAMPLES, describe
from secondsource.contracts.messages import Earlier
from secondsource.contracts.watch import Thresholds
from tests.alerts.invented import at

STORY = EXAMPLES[0].evidence
RULES = Thresholds()
FLOOD = Earlier(picture="p", seen_at=at(-9e8), source="archive", handle="river_gauge", caption="Flood")


def spreading(interactions: int) -> StoryEvidence:
    return STORY._replace(spread=msgspec.structs.replace(STORY.spread, interactions=interactions))


def test_only_material_changes_are_told() -> None:
    alert = life.opened("uncorroborated_spike", spreading(40), 0)
    assert alert.seq == 1
    assert life.next_step(alert, spreading(79), RULES) is None
    assert life.next_step(alert, spreading(80), RULES) == "updated"
    assert life.next_step(alert, spreading(40)._replace(earlier=(FLOOD,)), RULES) == "updated"
    assert life.next_step(alert, spreading(40)._replace(posts=900, accounts=800), RULES) is None


def test_a_sighting_that_was_told_is_no_news() -> None:
    alert = life.opened("uncorroborated_spike", spreading(40)._replace(earlier=(FLOOD,)), 1)
    assert life.next_step(alert, spreading(41)._replace(earlier=(FLOOD,)), RULES) is None
    assert life.next_step(alert, spreading(41), RULES) is None


def test_corroboration_recalls_and_closes() -> None:
    alert = life.opened("uncorroborated_spike", spreading(40), 0)
    confirmed = spreading(41)._replace(independent=2.0, disputes=3)
    assert life.next_step(alert, confirmed, RULES) == "corroborated"
    closed = life.after(alert, "corroborated", confirmed, 0)
    assert closed.closed
    assert life.next_step(closed, spreading(9_000), RULES) is None


def test_the_first_dispute_contests_and_further_ones_update() -> None:
    alert = life.opened("uncorroborated_spike", spreading(40), 0)
    disputed = spreading(41)._replace(disputes=1)
    assert life.next_step(alert, disputed, RULES) == "contested"
    alert = life.after(alert, "contested", disputed, 0)
    assert life.next_step(alert, disputed, RULES) is None
    assert life.next_step(alert, disputed._replace(disputes=2), RULES) == "updated"


def test_origins_that_are_still_too_few_update() -> None:
    alert = life.opened("uncorroborated_spike", spreading(40), 0)
    strict = Thresholds(independent_origins=3)
    assert life.next_step(alert, spreading(41)._replace(independent=2.0), strict) == "updated"


def test_a_recall_names_the_origins_first() -> None:
    evidence = STORY._replace(independent=2.0, derivation="58 asserting posts trace back to 2 origins")
    recalled = life.recalled(describe(evidence, RULES), evidence)
    assert recalled.headline == "Corroborated: now 2 independent origins"
    assert "brana_k" in recalled.reasons[0].sentence


def test_an_expired_alert_says_that_nothing_confirmed_it() -> None:
    over = life.over(describe(STORY, RULES), 48.0)
    assert over.headline.startswith("Over without corroboration: 214 interactions")
    assert over.reasons[0].sentence == "No new post for 2 d 0 h: the story is over, still without corroboration."
