"""Rows to posts by a column mapping."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from config.mappings import load_mapping
from ingest.formats.delimited import ColumnMapping, Delimited
from ingest.formats.reading import Part
from ingest.pictures import Pictures, pictures
from secondsource.contracts.errors import BadConfiguration, BadRecord
from secondsource.contracts.messages import Counts, Post
from tests.ingest.payloads import SPAN

MAPPINGS = Path(__file__).parents[2] / "config" / "mappings"
HEADER = ("nr", "words", "who", "when", "n", "pics")
MAPPING = ColumnMapping(
    platform="forum",
    id="nr",
    text="words",
    author_id="who",
    created_at="when",
    reposts="n",
    media="pics",
    timezone="UTC",
)


def post(row: str | bytes, mapping: ColumnMapping = MAPPING, shown: Pictures | None = None) -> Post:
    reader = Delimited(mapping, HEADER, shown or Pictures(), "replay", SPAN)
    (part,) = reader.parts(row if isinstance(row, bytes) else row.encode())
    assert isinstance(part, Part)
    (message,) = part.messages
    assert isinstance(message, Post)
    return message


def test_a_quoted_row() -> None:
    got = post('7,"The bridge, ""gone""\nsays @mira #Velgrad https://v.example/a.",u1,2026-11-20T10:00:00,3,')
    assert got.uid == "forum:7"
    assert got.author.uid == "forum:u1"
    assert got.text == 'The bridge, "gone"\nsays @mira #Velgrad https://v.example/a.'
    assert (got.hashtags, got.mentions, got.links) == (("Velgrad",), ("mira",), ("https://v.example/a",))
    assert got.created_at == got.observed_at == datetime(2026, 11, 20, 10, tzinfo=UTC)
    assert got.counts == Counts(reposts=3)
    assert got.url == ""


@pytest.mark.parametrize("mark", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1e"])
def test_what_is_a_line_end_to_some_ends_no_row(mark: str) -> None:
    """Only cells with a comma, a quote or a line break are quoted; these marks stand bare beside them."""
    got = post(f'7,Smoke over{mark}#Velgrad,"Holm, Ida",2026-11-20T10:00:00,3,')
    assert (got.text, got.author.uid) == (f"Smoke over{mark}#Velgrad", "forum:Holm, Ida")


def test_pictures_in_a_folder_by_address_and_nowhere(tmp_path: Path) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "deep" / "er" / "pic 1.JPG").write_bytes(b"x")
    (tmp_path / "clip.mp4").write_bytes(b"x")
    (tmp_path / "posts.tsv").write_bytes(b"x")
    mapping = replace(MAPPING, media_separator=";")
    row = "7,t,u,2026-11-20T10:00:00,,pic 1;clip;https://a.example/x.png;lost 2;posts;pic 1"
    got = post(row, mapping, pictures(tmp_path))
    assert [(ref.url, ref.kind) for ref in got.media] == [
        ((tmp_path / "deep" / "er" / "pic 1.JPG").resolve().as_uri(), "image"),
        ((tmp_path / "clip.mp4").resolve().as_uri(), "video"),
        ("https://a.example/x.png", "image"),
        ("replay-media:lost%202", "image"),
        ("replay-media:posts", "image"),
    ]
    got = post("7,t,u,2026-11-20T10:00:00,,a/b", shown=pictures(pattern="https://i.example/{id}.jpg"))
    assert got.media[0].url == "https://i.example/a%2Fb.jpg"
    with pytest.raises(BadConfiguration, match="folder"):
        pictures(tmp_path / "absent")
    with pytest.raises(BadConfiguration, match="in it"):
        pictures(pattern="https://i.example/")


@pytest.mark.parametrize(
    ("formats", "zone", "text"),
    [
        (("iso",), "", "2026-11-20T11:00:00+01:00"),
        (("iso",), "Europe/Berlin", "2026-11-20 11:00"),
        (("epoch",), "", "1795168800"),
        (("epoch_ms",), "", "1795168800000"),
        (("%d.%m.%Y %H:%M", "%d/%m/%Y %H:%M"), "Europe/Berlin", "20/11/2026 11:00"),
        (("%a %b %d %H:%M:%S %z %Y",), "", "Fri Nov 20 10:00:00 +0000 2026"),
    ],
)
def test_times(formats: tuple[str, ...], zone: str, text: str) -> None:
    mapping = ColumnMapping(
        platform="f",
        id="nr",
        text="words",
        author_id="who",
        created_at="when",
        created_at_formats=formats,
        timezone=zone,
    )
    assert post(f"7,t,u,{text},,", mapping).created_at == datetime(2026, 11, 20, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("7,t,u,2026-11-20T10:00:00,", "expected 6 columns, came 5"),
        (" ,t,u,2026-11-20T10:00:00,,", "expected an id"),
        ("7,t,,2026-11-20T10:00:00,,", "expected an account id"),
        ("7,t,u,some day,,", "expected a time as 'iso'"),
        ("7,t,u,2126-11-20T10:00:00,,", "in the future"),
        ("7,t,u,2026-11-20T10:00:00,many,", "whole number"),
        (f"7,t,u,2026-11-20T10:00:00,{'9' * 5_000},", "whole number"),
        ('7,"t,u,2026-11-20T10:00:00,,', "quote"),
        (b"7,\xff,u,2026-11-20T10:00:00,,", "expected UTF-8"),
    ],
)
def test_bad_rows_say_why(row: str | bytes, reason: str) -> None:
    with pytest.raises(BadRecord, match=reason):
        post(row)


def test_a_time_without_zone_needs_the_mapping_to_say_it() -> None:
    mapping = ColumnMapping(platform="f", id="nr", text="words", author_id="who", created_at="when")
    with pytest.raises(BadRecord, match="no zone"):
        post("7,t,u,2026-11-20T10:00:00,,", mapping)


def test_null_characters_and_bare_quotes() -> None:
    mapping = replace(MAPPING, delimiter="\t", quoting="none")
    assert post('7\tsays "a\x00b\tu\t2026-11-20T10:00:00\t\t', mapping).text == 'says "a\ufffdb'


def test_columns_that_are_not_there_name_those_that_are() -> None:
    with pytest.raises(BadConfiguration, match=r"does not have: pics; it has: nr, words"):
        Delimited(MAPPING, HEADER[:-1], Pictures(), "replay", SPAN)
    with pytest.raises(BadConfiguration, match="IANA"):
        Delimited(replace(MAPPING, timezone="Velgrad/Mill"), HEADER, Pictures(), "replay", SPAN)


def test_the_mapping_that_ships_reads_no_label() -> None:
    mapping = ColumnMapping(**load_mapping(MAPPINGS / "mediaeval2016.yaml"))
    assert ("label",) not in mapping.columns().values()
    header = ["post_id", "post_text", "user_id", "image_id(s)", "username", "timestamp", "label"]
    reader = Delimited(mapping, header, Pictures(), "replay", SPAN)
    row = 'x1\tsays "so\tu1\tp_1,p_2\tmira\tFri Nov 20 10: 00: 00 +0000 2020\tsecretlabel'
    (part,) = reader.parts(row.encode())
    assert isinstance(part, Part)
    assert "secretlabel" not in repr(part)
    (message,) = part.messages
    assert isinstance(message, Post)
    assert [ref.url for ref in message.media] == ["replay-media:p_1", "replay-media:p_2"]
    assert message.created_at == datetime(2020, 11, 20, 10, tzinfo=UTC)
