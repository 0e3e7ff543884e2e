"""What becomes of an alert: told only of what is material, escalated, contested, recalled, expired."""

from __future__ import annotations

import msgspec

from alerts.lives import life
from alerts.rules import RULES, deleted_while_spreading
from alerts.rules.evidence import Removed, StoryEvidence
from alerts.rules.invented_stories import CALM, OLD_RIVER, STORY
from alerts.rules.uncorroborated_spike import NAME, describe
from secondsource.contracts.messages import Earlier, Forecast
from secondsource.contracts.watch import Thresholds
from tests.alerts.invented import at

DEFAULTS = Thresholds()
SPIKE = (NAME,)
FLOOD = Earlier(picture="p", seen_at=at(-9e8), source="archive", handle="river_gauge", caption="Flood")


def spreading(interactions: int) -> StoryEvidence:
    return STORY._replace(spread=msgspec.structs.replace(STORY.spread, interactions=interactions))


def step(alert: life.AlertState, evidence: StoryEvidence, thresholds: Thresholds = DEFAULTS) -> str | None:
    rules = life.standing(RULES, alert.rules, evidence, thresholds)
    return life.next_step(alert, evidence, rules)


def test_only_material_changes_are_told() -> None:
    alert = life.opened(SPIKE, spreading(40))
    assert (alert.seq, alert.rule, alert.loud) == (1, NAME, 40)
    assert step(alert, spreading(79)) is None
    assert step(alert, spreading(80)) == "updated"
    assert step(alert, spreading(40)._replace(earlier=(FLOOD,))) == "updated"
    assert step(alert, spreading(40)._replace(posts=900, accounts=800)) is None
    assert step(alert, spreading(40)._replace(independent=1.25)) is None, "doubt about the same sources"
    assert step(alert, spreading(40)._replace(independent=1.5)) == "updated"


def test_a_sighting_that_was_told_is_no_news() -> None:
    alert = life.opened(SPIKE, spreading(40)._replace(earlier=(FLOOD,)))
    assert step(alert, spreading(41)._replace(earlier=(FLOOD,))) is None
    assert step(alert, spreading(41)) is None


def test_ten_times_as_far_escalates_and_then_ten_times_that() -> None:
    alert = life.opened(SPIKE, spreading(40))
    assert step(alert, spreading(399)) == "updated"
    alert = life.after(alert, "updated", spreading(399), SPIKE)
    assert step(alert, spreading(400)) == "escalated"
    alert = life.after(alert, "escalated", spreading(400), SPIKE)
    assert step(alert, spreading(799)) is None
    assert step(alert, spreading(3_999)) == "updated"
    assert step(alert, spreading(4_000)) == "escalated"


def test_a_graver_rule_escalates_and_a_lesser_one_updates() -> None:
    graver, lesser = RULES[0].name, RULES[-1].name
    assert NAME not in {graver, lesser}
    alert = life.opened(SPIKE, spreading(400))
    old = spreading(401)._replace(old=(OLD_RIVER,))
    assert life.standing(RULES, SPIKE, old, DEFAULTS) == (graver, NAME)
    assert step(alert, old) == "escalated"
    alert = life.after(alert, "escalated", old, (graver, NAME))
    assert (alert.rule, alert.rules) == (graver, (graver, NAME))
    assert step(alert, old) is None
    assert life.next_step(alert, old, (graver, NAME, lesser)) == "updated"


def test_what_has_held_stands_until_enough_origins_answer_it() -> None:
    held = (RULES[0].name, NAME)
    calm = STORY._replace(spread=CALM)
    assert life.standing(RULES, held, calm, DEFAULTS) == held
    assert life.standing(RULES, held, calm._replace(independent=2.0), DEFAULTS) == (RULES[0].name,)


def test_corroboration_recalls_and_closes() -> None:
    alert = life.opened(SPIKE, spreading(40))
    confirmed = spreading(41)._replace(independent=2.0, disputes=3)
    assert step(alert, confirmed) == "corroborated"
    closed = life.after(alert, "corroborated", confirmed, ())
    assert closed.closed
    assert closed.rules == SPIKE
    assert step(closed, spreading(9_000)) is None


def test_corroboration_does_not_recall_what_it_does_not_answer() -> None:
    old = spreading(400)._replace(old=(OLD_RIVER,))
    alert = life.opened(life.standing(RULES, (), old, DEFAULTS), old)
    confirmed = old._replace(independent=3.0)
    assert step(alert, confirmed) == "updated"
    rules = life.standing(RULES, alert.rules, confirmed, DEFAULTS)
    assert rules == (RULES[0].name,)
    alert = life.after(alert, "updated", confirmed, rules)
    assert not alert.closed
    assert step(alert, confirmed) is None


def test_the_first_dispute_contests_and_further_ones_update() -> None:
    alert = life.opened(SPIKE, spreading(40))
    disputed = spreading(41)._replace(disputes=1)
    assert step(alert, disputed) == "contested"
    alert = life.after(alert, "contested", disputed, SPIKE)
    assert step(alert, disputed) is None
    assert step(alert, disputed._replace(disputes=2)) == "updated"


def test_that_nobody_disputes_it_any_more_is_told() -> None:
    """Else it stands as contested until something else happens, though who disputed it has taken that back."""
    disputed = spreading(41)._replace(disputes=1)
    alert = life.after(life.opened(SPIKE, spreading(40)), "contested", disputed, SPIKE)
    assert step(alert, spreading(41)) == "updated"
    alert = life.after(alert, "updated", spreading(41), SPIKE)
    assert step(alert, spreading(41)) is None


def test_origins_that_are_still_too_few_update() -> None:
    alert = life.opened(SPIKE, spreading(40))
    strict = Thresholds(independent_origins=3)
    assert step(alert, spreading(41)._replace(independent=2.0), strict) == "updated"


def test_a_recall_names_the_origins_first() -> None:
    evidence = STORY._replace(independent=2.0, derivation="58 asserting posts trace back to 2 origins")
    recalled = life.recalled(describe(evidence, DEFAULTS), evidence)
    assert recalled.headline == "Corroborated: now 2 independent origins"
    assert "brana_k" in recalled.reasons[0].sentence
    weighed = life.recalled(describe(evidence, DEFAULTS), evidence._replace(independent=2.5))
    assert weighed.headline == "Corroborated: now 2.5 independent origins", "as every other number of the message"


def test_an_expired_alert_says_that_nothing_confirmed_it() -> None:
    over = life.over(describe(STORY, DEFAULTS), STORY, 48.0)
    assert over.headline.startswith("Over without corroboration: 214 interactions")
    assert over.reasons[0].sentence == "No new post for 2 d 0 h: the story is over, still without corroboration."
    over = life.over(describe(STORY, DEFAULTS), STORY, 48.0, corroborated=True)
    assert over.headline.startswith("Over: 214 interactions")
    assert over.reasons[0].sentence == "No new post for 2 d 0 h: the story is over."


def test_a_story_that_is_over_is_not_told_by_what_one_rule_counted_nor_forecast() -> None:
    gone = Removed(posts=6, of=6, most=160, story=214, surprise=2e-7, latest_at=STORY.as_of)
    ahead = Forecast(at_seconds=9_000.0, low=230.0, middle=300.0, high=420.0)
    evidence = STORY._replace(removed=gone, spread=msgspec.structs.replace(STORY.spread, forecast=ahead))
    finding = deleted_while_spreading.describe(evidence, DEFAULTS)
    assert "6 of 6 posts" in finding.headline
    assert "forecast" in {reason.name for reason in finding.reasons}
    for ended in (life.over(finding, evidence, 48.0), life.crowded_out(finding, evidence, 9)):
        assert " without corroboration: 214 interactions in " in ended.headline
        assert "gone from the platform" in {reason.name for reason in ended.reasons}
        assert "forecast" not in {reason.name for reason in ended.reasons}


def test_two_origins_at_second_hand_are_not_headed_as_one() -> None:
    heard = STORY._replace(independent=1.0, sources=2)
    assert describe(heard, DEFAULTS).headline.endswith("; 2 origins (weight 1)")
