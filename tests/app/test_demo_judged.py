"""The invented day through enrichment and judgement: what must be flagged is, and nothing else."""

from __future__ import annotations

from datetime import timedelta

import pytest

from alerts.judging.stage import AlertsStage
from enrich.setup import EnrichSettings, build
from secondsource.app.demo.town import Town, write_town
from secondsource.contracts.messages import AlertEvent, Post, StoryUpdate, Tick, decode
from secondsource.contracts.stage import Record
from tests.fakes.archive import MemoryArchive
from tests.fakes.clock import ManualClock


class _Judged:
    def __init__(self, town: Town) -> None:
        self.town = town
        configuration = town.configuration({})
        settings = configuration.deployment.enrich
        enrichment = build(
            EnrichSettings(
                gazetteers=configuration.gazetteers,
                cues=configuration.cues,
                languages=settings.languages,
                media_roots=settings.media.roots,
            ),
            ManualClock(),
        )
        messages = [decode(line) for line in town.posts.read_bytes().splitlines()[: town.messages]]
        last = max(message.observed_at for message in messages if isinstance(message, Post))
        end = Tick(collector="replay", at=last + timedelta(days=1), final=True)
        outs = enrichment.stage.handle([Record(message) for message in (*messages, end)])
        stage = AlertsStage({town.watch.name: town.watch}, MemoryArchive())
        stage.restore(0, {})
        sent = [out.message for out in stage.handle([Record(out.message, offset=at) for at, out in enumerate(outs)])]
        self.stories = {message.id: message for message in sent if isinstance(message, StoryUpdate)}
        self.alerts = [message for message in sent if isinstance(message, AlertEvent)]

    def steps(self, who: str) -> list[str]:
        return [event.kind for event in self.alerts if event.story.claim_uid == self.town.uids[who]]

    def story(self, who: str) -> StoryUpdate:
        (found,) = (story for story in self.stories.values() if story.claim_uid == self.town.uids[who])
        return found


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> _Judged:
    return _Judged(write_town(tmp_path_factory.mktemp("town")))


def test_two_stories_are_flagged_and_no_other(judged: _Judged) -> None:
    opened = [event.story.claim_uid for event in judged.alerts if event.kind == "opened"]
    assert opened == [judged.town.uids["claim"], judged.town.uids["tram"]]


def test_the_old_picture_is_shown_with_its_first_life(judged: _Judged) -> None:
    opened = next(event for event in judged.alerts if event.story.claim_uid == judged.town.uids["claim"])
    (earlier, *_) = opened.finding.earlier
    assert (earlier.seen_at.year, earlier.handle) == (2014, "karst_observer")
    assert len(opened.story.origins) == 1


def test_the_debunk_disputes_and_is_not_flagged(judged: _Judged) -> None:
    assert "contested" in judged.steps("claim")
    assert judged.story("claim").disputes == 2  # the debunk, and one who has just been on the bridge
    assert not judged.steps("debunk")


def test_copies_never_corroborate_also_when_some_are_deleted(judged: _Judged) -> None:
    assert "corroborated" not in judged.steps("claim")
    assert judged.story("claim").independent == 1


def test_three_who_saw_the_crane_are_three_origins(judged: _Judged) -> None:
    assert not judged.steps("crane")
    assert judged.story("crane").state == "multi-origin"
    assert judged.story("crane").independent == 3
    assert judged.story("crane").spread.interactions > 100


def test_the_tram_is_recalled(judged: _Judged) -> None:
    steps = judged.steps("tram")
    assert steps[0] == "opened"
    assert steps[-1] == "corroborated"
    assert judged.story("tram").independent == 2
