"""What somebody may write to reach past the page, the terminal or the channel that quotes it."""

from __future__ import annotations

from hypothesis import strategies as st

from secondsource.contracts.messages import AlertEvent, Earlier, Finding, Origin, Reason, StoryUpdate
from tests.delivery.stories import START, STATES, Kind, spread

SAMPLES = (
    "<!channel> <@U0000000001> <https://evil.example|Evidence page>",
    "*Recalled.* ~struck~ `code` _x_ &lt;!here&gt; & &amp;",
    "\x1b[2J\x1b]0;gone\x07\u202egnp.exe\u202c\n\n• a bullet of mine",
    "<script>document.title='ran'</script><img src=x onerror=alert(1)> \"'`{{7*7}}{% raw %}",
    "انهيار الجسر القديم في فيلغراد",
    "💥" * 400,
    "&" * 500,
    "\ud800 \x00 \ufeff",
    "",
)

text = st.one_of(st.sampled_from(SAMPLES), st.text(st.characters(codec=None, exclude_categories=()), max_size=200))
long_text = st.builds(lambda part, times: part * times, text, st.integers(1, 20))


def events() -> st.SearchStrategy[AlertEvent]:
    reasons = st.lists(st.builds(Reason, name=text, value=text, sentence=long_text), max_size=12)
    sightings = st.lists(
        st.builds(
            Earlier,
            picture=st.just("a" * 64),
            seen_at=st.just(START),
            source=text,
            handle=text,
            caption=long_text,
            distance=st.integers(0, 31),
            url=text,
        ),
        max_size=8,
    )
    origins = st.lists(
        st.builds(
            Origin,
            first_uid=text,
            first_handle=text,
            first_at=st.just(START),
            posts=st.integers(0, 10**9),
            accounts=st.integers(0, 10**9),
        ),
        max_size=20,
    )
    return st.builds(
        _event,
        kind=st.sampled_from(list(STATES)),
        claim=long_text,
        watch=text,
        link=text,
        reasons=reasons,
        sightings=sightings,
        origins=origins,
        headline=long_text,
    )


def _event(
    *,
    kind: Kind,
    claim: str,
    watch: str,
    link: str,
    reasons: list[Reason],
    sightings: list[Earlier],
    origins: list[Origin],
    headline: str,
) -> AlertEvent:
    story = StoryUpdate(
        id=f"story {watch}",
        watch=watch,
        version=1,
        opened_at=START,
        as_of=START,
        claim=claim,
        claim_uid=watch,
        state=STATES[kind],
        independent=1.25,
        posts=10**9,
        accounts=10**8,
        disputes=10**7,
        spread=spread(10**9),
        origins=tuple(origins),
    )
    finding = Finding(rule=watch, headline=headline, reasons=tuple(reasons), clears=headline, earlier=tuple(sightings))
    alert_id = f"{watch}/1"
    return AlertEvent(
        alert_id=alert_id, seq=1, kind=kind, at=START, watch=watch, story=story, finding=finding, link=link
    )
