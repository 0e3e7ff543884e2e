"""Dates as people and cameras write them, and captions files."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from enrich.media.exif import taken_at
from ingest.dated_pictures import Caption, Dated, believable, captions, dated, dated_by_name
from secondsource.contracts.errors import BadConfiguration, BadRecord
from tests.enrich.makers import saved, scene

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "at", "given"),
    [
        ("2014-03-02T14:05:00+01:00", datetime(2014, 3, 2, 13, 5, tzinfo=UTC), ""),
        ("2014-03-02 14:05", datetime(2014, 3, 2, 13, 5, tzinfo=UTC), ""),
        ("2014:03:02 14:05:06", datetime(2014, 3, 2, 13, 5, 6, tzinfo=UTC), ""),
        ("2014-03-02", datetime(2014, 3, 2, 22, 59, 59, tzinfo=UTC), "day"),
        ("2014/3/2", datetime(2014, 3, 2, 22, 59, 59, tzinfo=UTC), "day"),
        ("20140302", datetime(2014, 3, 2, 22, 59, 59, tzinfo=UTC), "day"),
        ("2014-W09-7", datetime(2014, 3, 2, 22, 59, 59, tzinfo=UTC), "day"),
        ("2012-02", datetime(2012, 2, 29, 22, 59, 59, tzinfo=UTC), "month"),
        ("1994", datetime(1994, 12, 31, 22, 59, 59, tzinfo=UTC), "year"),
    ],
)
def test_dates_are_no_earlier_than_what_is_told(text: str, at: datetime, given: str) -> None:
    assert dated(text, BERLIN) == Dated(at, given)


@pytest.mark.parametrize("text", ["", "spring 1994", "2014-13-02", "2014-02-30", "02.03.2014", "9" * 30])
def test_what_is_no_date(text: str) -> None:
    with pytest.raises(BadRecord, match="such as 2014-03-02"):
        dated(text, UTC)


@pytest.mark.parametrize(
    ("name", "at", "given"),
    [
        ("IMG_20140302_140506.jpg", datetime(2014, 3, 2, 14, 5, 6, tzinfo=UTC), ""),
        ("PXL_20140302_140506789.jpg", datetime(2014, 3, 2, 23, 59, 59, tzinfo=UTC), "day"),
        ("2014-03-02 14.05.06.jpg", datetime(2014, 3, 2, 14, 5, 6, tzinfo=UTC), ""),
        ("WhatsApp Image 2014-03-02 at 14.05.06.jpeg", datetime(2014, 3, 2, 14, 5, 6, tzinfo=UTC), ""),
        ("Screenshot_2014-03-02-14-05-06.png", datetime(2014, 3, 2, 14, 5, 6, tzinfo=UTC), ""),
        ("IMG-20140302-WA0001.jpg", datetime(2014, 3, 2, 23, 59, 59, tzinfo=UTC), "day"),
        ("bridge_2014_03_02.png", datetime(2014, 3, 2, 23, 59, 59, tzinfo=UTC), "day"),
        ("photo_5@02-03-2014_14-05-06.jpg", None, ""),
        ("DSC01234.jpg", None, ""),
        ("912014030211.jpg", None, ""),
        ("20140230.jpg", None, ""),
    ],
)
def test_dates_in_names(name: str, at: datetime | None, given: str) -> None:
    found = dated_by_name(name, UTC)
    assert found == (Dated(at, given) if at else None)


@pytest.mark.parametrize(
    "name", ["2014-03-02 copied 2015-04-05.jpg", "2014-03-02_2015-04-05.jpg", "2014-03-02 - 2015-04-05.jpg"]
)
def test_two_dates_in_a_name_are_no_date(name: str) -> None:
    with pytest.raises(BadRecord, match="two dates"):
        dated_by_name(name, UTC)
    assert dated_by_name("2014-03-02 (20140302).jpg", UTC) is not None


def test_what_cannot_be() -> None:
    with pytest.raises(BadRecord, match="future"):
        believable(Dated(datetime(2027, 1, 1, tzinfo=UTC)), NOW)
    with pytest.raises(BadRecord, match="before there were photographs"):
        believable(Dated(datetime(1700, 1, 1, tzinfo=UTC)), NOW)
    assert believable(dated("2026", UTC), NOW).year == 2026, "this year is not in the future"


def test_exif(tmp_path: Path) -> None:
    def taken(when: object, offset: str = "") -> datetime | None:
        exif = Image.Exif()
        exif.get_ifd(0x8769)[0x9003] = when
        if offset:
            exif.get_ifd(0x8769)[0x9011] = offset
        return taken_at(saved(scene(), exif=exif))

    assert taken("2014:03:02 14:05:06") == datetime(2014, 3, 2, 14, 5, 6)  # noqa: DTZ001 - as the camera wrote it
    assert taken("2014:03:02 14:05:06", "+01:00") == datetime(2014, 3, 2, 13, 5, 6, tzinfo=UTC)
    for nothing in ("0000:00:00 00:00:00", "    :  :     :  :  ", "2000:01:01 00:00:00", "some day"):
        assert taken(nothing) is None
    assert taken_at(saved(scene())) is None
    assert taken_at(saved(scene())[:300]) is None


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_exif_of_any_bytes(body: bytes) -> None:
    for start in (b"", b"\xff\xd8\xff\xe1", b"II*\0\x08\0\0\0", b"\x89PNG\r\n\x1a\n"):
        taken_at(start + body)


@given(st.text(max_size=60))
def test_any_text_as_a_date(text: str) -> None:
    with suppress(BadRecord):
        dated(text, UTC)
    with suppress(BadRecord):
        dated_by_name(text, UTC)


def test_captions_in_three_forms(tmp_path: Path) -> None:
    wanted = ("a.jpg", "2014-03-02", "The bridge, flooded", "Ida Holm", "Velgrad", "https://v.example/a")
    forms = {
        "c.csv": "\ufeffFile,date,caption,credit,place,url\r\n"
        'a.jpg,2014-03-02,"The bridge, flooded",Ida Holm,Velgrad,https://v.example/a\r\n',
        "c.tsv": "file\tdate\tcaption\tcredit\tplace\turl\n"
        "a.jpg\t2014-03-02\tThe bridge, flooded\tIda Holm\tVelgrad\thttps://v.example/a\n\n",
        "s.csv": "file;date;caption;credit;place;url\n"
        "a.jpg;2014-03-02;The bridge, flooded;Ida Holm;Velgrad;https://v.example/a\n",
        "c.jsonl": '{"file":"a.jpg","date":"2014-03-02","caption":"The bridge, flooded","credit":"Ida Holm",'
        '"place":"Velgrad","url":"https://v.example/a","more":1}\n',
    }
    for name, text in forms.items():
        (tmp_path / name).write_text(text, "utf-8", newline="")
        (row,) = captions(tmp_path / name)
        assert isinstance(row, Caption)
        assert row[:6] == wanted
        assert row.place_in_file == f"{name}:{1 if name.endswith('l') else 2}"


def test_captions_that_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    path.write_text("file,date\na.jpg\nb.jpg,2014,x\n", "utf-8")
    assert list(captions(path)) == [
        ("c.csv:2", "expected 2 columns, came 1"),
        ("c.csv:3", "expected 2 columns, came 3"),
    ]
    lines = tmp_path / "c.jsonl"
    lines.write_text("[1]\n{\n", "utf-8")
    assert [row[0] for row in captions(lines)] == ["c.jsonl:1", "c.jsonl:2"]
    for content in (b"name,when\n", b"file\n", b"", b"file,date\n\xe9.jpg,2014\n"):
        path.write_bytes(content)
        with pytest.raises(BadConfiguration, match=r"c\.csv"):
            list(captions(path))
    path.write_bytes("\ufefffile,date\n".encode() + b"caf\xe9.jpg,2014\n")
    with pytest.raises(BadConfiguration, match="came byte 0xe9 at 16"):
        list(captions(path))
    with pytest.raises(BadConfiguration, match="captions file"):
        list(captions(tmp_path / "absent.csv"))
