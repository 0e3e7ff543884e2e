"""Whatever a record holds, it is mapped or refused with a reason: nothing else is ever raised."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.formats.delimited import ColumnMapping, Delimited
from ingest.formats.own import Own
from ingest.formats.reading import Format, Part, microseconds
from ingest.formats.x_v1 import XV1
from ingest.formats.x_v2 import XV2
from ingest.pictures import Pictures
from secondsource.contracts.errors import BadRecord
from secondsource.contracts.messages import Account, Counts, MediaRef, Post, Tick, decode, encode
from tests.ingest.payloads import NOW, SPAN, body, v1_status, v2_line, v2_post

COLUMNS = ("id", "text", "who", "when", "n")
MAPPING = ColumnMapping(
    platform="f",
    id="id",
    text="text",
    author_id="who",
    created_at="when",
    likes="n",
    created_at_formats=("iso", "epoch"),
)
OWN = Post(
    uid="f:1",
    platform="f",
    author=Account(uid="f:a", handle="m", created_at=NOW),
    text="t",
    created_at=NOW,
    observed_at=NOW,
    collector="c",
    watches=("w",),
    media=(MediaRef(url="https://i.example/1"),),
    counts=Counts(likes=1),
)
FORMATS: dict[str, tuple[Format, bytes]] = {
    "own": (Own("replay", SPAN), encode(OWN)),
    "tick": (Own("replay", SPAN), encode(Tick(collector="x", at=NOW))),
    "x-v1": (
        XV1("replay", SPAN),
        body(
            v1_status(2, retweeted_status=v1_status(1, quoted_status=v1_status(0)), extended_tweet={"full_text": "t"})
        ),
    ),
    "x-v2": (
        XV2("replay", SPAN),
        body(
            v2_line(
                1,
                referenced_tweets=[{"type": "retweeted", "id": v2_post(0)["id"]}],
                attachments={"media_keys": ["3_1"]},
                includes={"tweets": [v2_post(0)], "media": [{"media_key": "3_1", "url": "https://i.example/1"}]},
            )
        ),
    ),
    "x-v2 page": (XV2("replay", SPAN), body({"data": [v2_post(0), v2_post(1)], "meta": {}})),
    "table": (Delimited(MAPPING, COLUMNS, Pictures(), "replay", SPAN), b'1,"a ""b""",u,2026-11-20T10:00:00Z,3'),
}
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False)
    | st.text(max_size=8)
    | st.sampled_from(["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-11-20T10:00:00"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=3,
)


def read(reader: Format, raw: bytes) -> None:
    with contextlib.suppress(BadRecord):
        reader.times(raw)
    with contextlib.suppress(BadRecord):
        for part in reader.parts(raw):
            if isinstance(part, Part):
                for message in part.messages:
                    assert decode(encode(message)) == message, "what is sent can be read again"


@pytest.mark.parametrize("name", FORMATS)
@given(data=st.data())
def test_bytes_changed_anywhere(name: str, data: st.DataObject) -> None:
    reader, good = FORMATS[name]
    at = data.draw(st.integers(0, len(good)))
    read(reader, good[:at] + data.draw(st.binary(max_size=4)) + good[at + data.draw(st.integers(0, 6)) :])


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "table"])
@given(data=st.data())
def test_values_changed_anywhere(name: str, data: st.DataObject) -> None:
    reader, good = FORMATS[name]
    record: Any = json.loads(good)
    place: Any = record
    while True:
        keys = list(place) if isinstance(place, dict) else range(len(place))
        key = data.draw(st.sampled_from(keys))
        if isinstance(place[key], dict | list) and place[key] and data.draw(st.booleans()):
            place = place[key]
            continue
        place[key] = data.draw(VALUES)
        break
    read(reader, body(record))


@pytest.mark.parametrize("name", FORMATS)
def test_the_first_pass_and_the_mapping_agree_on_time(name: str) -> None:
    reader, good = FORMATS[name]
    parts = reader.parts(good)
    assert reader.times(good) == [microseconds(part.at) for part in parts if isinstance(part, Part)]
    assert len(parts) > 0


def test_times_leave_in_utc() -> None:
    raw = encode(OWN).replace(b"2026-11-20T12:00:00Z", b"2026-11-20T13:30:00+01:30")
    (part,) = Own("replay", SPAN).parts(raw)
    assert isinstance(part, Part)
    (post,) = part.messages
    assert isinstance(post, Post)
    assert post.created_at.isoformat() == post.observed_at.isoformat() == "2026-11-20T12:00:00+00:00"
