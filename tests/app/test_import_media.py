"""`secondsource media import`: dated pictures in, and a later post of one told with when it was seen first."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from PIL import Image, ImageDraw, ImageOps

from enrich.looking import Looker
from enrich.media.pictures import Unusable
from secondsource.contracts.messages import AlertEvent, Finding
from tests.app.newsroom import Newsroom, Ran, post
from tests.enrich.makers import saved, scene
from tests.enrich.test_ocr import card

Json = dict[str, Any]


def picture(seed: int) -> Image.Image:
    """Unlike any other: blocks and discs where the dice put them."""
    dice = random.Random(seed)
    image = Image.new("RGB", (240, 180), (dice.randrange(256), dice.randrange(256), dice.randrange(256)))
    draw = ImageDraw.Draw(image)
    for _ in range(60):
        x, y, size = dice.randrange(240), dice.randrange(180), dice.randrange(10, 70)
        colour = (dice.randrange(256), dice.randrange(256), dice.randrange(256))
        shape = draw.ellipse if dice.random() < 0.5 else draw.rectangle
        shape((x, y, x + size, y + size), fill=colour)
    return image


def exif(when: str, offset: str = "") -> Image.Exif:
    found = Image.Exif()
    found.get_ifd(0x8769)[0x9003] = when
    if offset:
        found.get_ifd(0x8769)[0x9011] = offset
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Five pictures that can be dated, each in its way, and what cannot be taken."""
    found = tmp_path / "negatives"
    (found / "1994").mkdir(parents=True)
    (found / "1994" / "bridge.jpg").write_bytes(saved(picture(1)))
    (found / "camera.jpg").write_bytes(saved(picture(2), exif=exif("2014:03:02 14:05:06", "+01:00")))
    (found / "clock.jpg").write_bytes(saved(picture(3), exif=exif("2014:03:02 14:05:06")))
    (found / "IMG-20150607-WA0001.jpg").write_bytes(saved(picture(4)))
    (found / "flat 2015-06-07.png").write_bytes(saved(Image.new("RGB", (90, 90), "grey"), "PNG"))
    (found / "undated.jpg").write_bytes(saved(picture(5)))
    (found / "2030-01-01.jpg").write_bytes(saved(picture(6)))
    (found / "2015-06-08 page.jpg").write_bytes(b"<!DOCTYPE html><p>not found")
    (found / "2015-06-08 cut.jpg").write_bytes(saved(picture(7))[:900])
    (found / "2015-06-08.mp4").write_bytes(b"\0\0\0\x18ftypmp42")
    (found / "notes.txt").write_text("for myself")
    (found / "captions.csv").write_text(
        "file,date,caption,credit,place,url\n"
        "1994/bridge.jpg,1994-07,The Karst Bridge under water,Ida Holm,Velgrad,https://gazette.example/12\n"
        "gone.jpg,1994-07,,,,\n"
        "camera.jpg,,The mill,,,\n"
        "clock.jpg,last spring,,,,\n",
        "utf-8",
    )
    return found


def imported(newsroom: Newsroom, folder: Path, *more: str) -> Ran:
    return newsroom.run("media", "import", folder, "--source", "gazette", "--json", *more)


def sightings(newsroom: Newsroom) -> dict[str, Json]:
    return {row["source"]: row for row in newsroom.rows("sightings")}


def test_each_date_is_kept_with_what_tells_it(newsroom: Newsroom, folder: Path) -> None:
    ran = imported(newsroom, folder)
    assert ran.code == 1, ran.err
    assert (ran.json["imported"], ran.json["flat"], ran.json["others"]) == (4, 1, 1)
    assert ran.json["dated_by"] == {"exif": 1, "file name": 2, "importer": 1}
    refused = {each["source"]: each["reason"] for each in ran.json["refused"]}
    assert set(refused) == {
        "captions.csv:3", "clock.jpg", "undated.jpg", "2030-01-01.jpg", "2015-06-08 page.jpg", "2015-06-08 cut.jpg",
        "2015-06-08.mp4",
    }  # fmt: skip
    assert "no picture of this name" in refused["captions.csv:3"]
    assert "no date" in refused["undated.jpg"]
    assert "future" in refused["2030-01-01.jpg"]
    assert "last spring" in refused["clock.jpg"], "a date that was given and cannot be read is not guessed at"
    seen = sightings(newsroom)
    bridge = seen["import:gazette/1994/bridge.jpg"]
    assert bridge["seen_at"].isoformat() == "1994-07-31T23:59:59+00:00"
    assert bridge["caption"] == "The Karst Bridge under water (Ida Holm, Velgrad)"
    assert bridge["url"] == "https://gazette.example/12"
    assert seen["import:gazette/camera.jpg"]["seen_at"].isoformat() == "2014-03-02T13:05:06+00:00"
    told = {row["entry"]: row["dated_by"] for row in newsroom.rows("imports")}
    assert told == {
        "import:gazette/1994/bridge.jpg": "importer, month",
        "import:gazette/camera.jpg": "exif",
        "import:gazette/IMG-20150607-WA0001.jpg": "file name, day",
        "import:gazette/flat 2015-06-07.png": "file name, day",
    }


def test_again_changes_nothing_and_a_correction_holds(newsroom: Newsroom, folder: Path) -> None:
    imported(newsroom, folder)
    before = sightings(newsroom)
    again = imported(newsroom, folder)
    assert (again.json["imported"], again.json["unchanged"]) == (0, 4)
    assert sightings(newsroom) == before
    captions = folder / "captions.csv"
    captions.write_text(captions.read_text("utf-8").replace("1994-07,The", "1995-08-01,The"), "utf-8")
    shutil.copy(folder / "camera.jpg", folder / "IMG-20150607-WA0001.jpg")
    mended = imported(newsroom, folder)
    assert (mended.json["imported"], mended.json["unchanged"]) == (2, 2)
    after = sightings(newsroom)
    assert set(after) == set(before)
    assert after["import:gazette/1994/bridge.jpg"]["seen_at"].year == 1995
    assert after["import:gazette/IMG-20150607-WA0001.jpg"]["picture"] == before["import:gazette/camera.jpg"]["picture"]


def test_a_zone_for_those_that_say_none(newsroom: Newsroom, folder: Path) -> None:
    (folder / "captions.csv").unlink()
    imported(newsroom, folder, "--timezone", "Europe/Berlin")
    seen = sightings(newsroom)
    assert seen["import:gazette/clock.jpg"]["seen_at"].isoformat() == "2014-03-02T13:05:06+00:00"
    assert seen["import:gazette/camera.jpg"]["seen_at"].isoformat() == "2014-03-02T13:05:06+00:00"


@pytest.mark.parametrize(
    "arguments", [("absent",), (".", "--timezone", "Velgrad"), (".", "--source", "a/b"), (".", "--captions", "no.csv")]
)
def test_what_cannot_work_is_said(newsroom: Newsroom, folder: Path, arguments: tuple[str, ...]) -> None:
    ran = newsroom.run("media", "import", folder / arguments[0], *arguments[1:])
    assert ran.code == 2
    assert "expected" in ran.err


def test_what_lies_in_the_folder_and_cannot_be_read_is_named(newsroom: Newsroom, folder: Path, tmp_path: Path) -> None:
    elsewhere, shut = tmp_path / "elsewhere", folder / "shut"
    for each in (elsewhere, shut):
        each.mkdir()
        (each / "2014-03-02.jpg").write_bytes(saved(picture(8)))
    (folder / "1995").symlink_to(elsewhere)
    (folder / "2014-03-03.jpg").symlink_to(tmp_path / "gone.jpg")
    os.mkfifo(folder / "2014-03-04.jpg")
    shut.chmod(0)
    ran = imported(newsroom, folder)
    refused = {each["source"]: each["reason"] for each in ran.json["refused"]}
    assert "not followed" in refused["1995/"]
    assert "No such file" in refused["2014-03-03.jpg"]
    assert "no file" in refused["2014-03-04.jpg"]
    assert os.access(shut, os.R_OK) or "Permission denied" in refused["shut/"]
    shut.chmod(0o700)


def test_dates_at_the_end_of_all_calendars_cost_their_picture_alone(newsroom: Newsroom, folder: Path) -> None:
    (folder / "camera.jpg").write_bytes(saved(picture(2), exif=exif("9999:12:31 23:59:59", "-12:00")))
    captions = folder / "captions.csv"
    captions.write_text(captions.read_text("utf-8").replace("last spring", "0001-01-01T00:00:00+12:00"), "utf-8")
    ran = imported(newsroom, folder)
    assert ran.json["imported"] == 3
    refused = {each["source"]: each["reason"] for each in ran.json["refused"]}
    assert refused["camera.jpg"] == "its date is 9999-12-31T23:59:59-12:00, which is none in UTC"
    assert refused["clock.jpg"] == "its date is 0001-01-01T00:00:00+12:00, which is none in UTC"


def test_killed_in_the_middle_nothing_is_lost_or_doubled(newsroom: Newsroom, tmp_path: Path) -> None:
    many = tmp_path / "many"
    many.mkdir()
    for number in range(300):
        (many / f"{number:03d} 2014-03-02.jpg").write_bytes(saved(picture(number).resize((64, 48))))
    process = newsroom.start("media", "import", many)
    try:
        for _ in range(600):
            if process.poll() is not None or _some(newsroom):
                break
            signal.sigtimedwait([], 0.05)
    finally:
        process.kill()
        process.communicate()
    first = len(newsroom.rows("sightings"))
    ran = newsroom.run("media", "import", many, "--json")
    assert ran.code == 0, ran.err
    assert ran.json["unchanged"] == first
    assert ran.json["imported"] + first == len(newsroom.rows("sightings")) == 300


def _some(newsroom: Newsroom) -> bool:
    try:
        return bool(newsroom.rows("sightings"))
    except Exception:  # noqa: BLE001 - the process has not made the tables yet
        return False


def test_a_later_post_of_the_picture_is_told_with_it(newsroom: Newsroom, folder: Path, tmp_path: Path) -> None:
    """Another size, another quality, another name; twelve years later."""
    imported(newsroom, folder)
    shown = tmp_path / "shown"
    shown.mkdir()
    (shown / "flood.jpg").write_bytes(saved(picture(1).resize((400, 300)), quality=60))
    (newsroom.config / "watches" / "velgrad.yaml").write_text(
        "watches:\n  - name: velgrad\n    hashtags: [Velgrad]\n    thresholds: {min_history: 20, max_surprise: 0.01}\n",
        "utf-8",
    )
    dice = random.Random(7)
    quiet = [post(number, _gibberish(dice) + " #Velgrad", counts={"reposts": 1}) for number in range(60)]
    claim = post(
        1800,
        "The Karst Bridge is under water right now, share this! #Velgrad",
        media=[{"url": (shown / "flood.jpg").resolve().as_uri()}],
        counts={"reposts": 900, "replies": 200, "quotes": 50},
    )
    copies = [post(1800 + 60 * number, repost_of="plaza:1800") for number in range(1, 25)]
    ran = newsroom.run("replay", newsroom.write("posts.jsonl", [*quiet, claim, *copies]), "--pictures", shown, "--json")
    assert ran.code == 0, ran
    findings = [found for found in _findings(newsroom) if found.earlier]
    assert findings, ran.json
    (earlier, *_) = findings[0].earlier
    assert earlier.source == "import:gazette/1994/bridge.jpg"
    assert earlier.seen_at.year == 1994
    assert (earlier.dated_by, earlier.url) == ("importer, month", "https://gazette.example/12")
    assert earlier.caption == "The Karst Bridge under water (Ida Holm, Velgrad)"
    assert 0 < earlier.distance <= 31
    assert "picture first seen 1994-07" in findings[0].headline
    sentences = " ".join(reason.sentence for reason in findings[0].reasons)
    assert "seen on 1994-07 (date by the importer), at least " in sentences
    assert " before, in import:gazette/1994/bridge.jpg" in sentences


def test_what_an_imported_picture_frames_is_known_by_its_hash_as_that_of_a_posts_is(
    newsroom: Newsroom, tmp_path: Path
) -> None:
    """As a post asks where parts are not looked for."""
    framed = tmp_path / "framed"
    framed.mkdir()
    (framed / "bridge 1994-07-02.png").write_bytes(saved(ImageOps.expand(scene(), 40, "black"), "PNG"))
    assert imported(newsroom, framed).code == 0
    shown = Looker(max_pixels=10**7).look(saved(ImageOps.mirror(scene()).resize((400, 300)), quality=60))
    assert not isinstance(shown, Unusable)
    with newsroom.store() as store:
        (earlier,) = store.archive.earlier(shown, datetime.now(UTC), 10)
    assert (earlier.source, earlier.kind) == ("import:gazette/bridge 1994-07-02.png", "hash")
    assert earlier.region == pytest.approx((0.056, 0.071, 0.944, 0.929), abs=0.01)


@pytest.mark.ocr
@pytest.mark.usefixtures("tesseract_binary")
def test_an_imported_card_is_known_by_its_text_however_it_is_set(newsroom: Newsroom, tmp_path: Path) -> None:
    cards = tmp_path / "cards"
    cards.mkdir()
    (cards / "statement 1994-07-02.png").write_bytes(saved(Image.fromarray(card()), "PNG"))
    done = imported(newsroom, cards)
    assert done.code == 0
    assert done.json["flat"] == 0
    again = tmp_path / "again.jpg"
    again.write_bytes(saved(Image.fromarray(card(ground="#222", ink="#eee", size=26, width=620)), quality=70))
    found = newsroom.run("media", "find", again, "--json").json
    assert found["first"]["source"] == "import:gazette/statement 1994-07-02.png"
    assert found["first"]["kind"] == "text"


def _gibberish(dice: random.Random) -> str:
    """Eight words that nobody has said before, so that it is a story of its own."""
    return " ".join("".join(dice.choice("abdegiklmnoprstuvz") for _ in range(7)) for _ in range(8))


def _findings(newsroom: Newsroom) -> list[Finding]:
    bodies = [row["body"] for row in newsroom.rows("alert_events")]
    texts = [body if isinstance(body, str) else json.dumps(body) for body in bodies]
    return [msgspec.json.decode(text, type=AlertEvent).finding for text in texts]


def test_the_page_says_what_is_so(newsroom: Newsroom, tmp_path: Path) -> None:
    """Its captions file, and the names it says dates are read from."""
    page = (Path(__file__).parents[2] / "docs" / "import.md").read_text("utf-8")
    folder = tmp_path / "shown"
    (folder / "1994").mkdir(parents=True)
    captions = page.partition("```csv\n")[2].partition("```")[0]
    (folder / "captions.csv").write_text(captions, "utf-8")
    names = [line.partition(",")[0] for line in captions.splitlines()[1:]]
    rows = [line for line in page.partition("Names that hold a date:")[2].splitlines() if line.startswith("| `")]
    dated = [name for row in rows for name in re.findall(r"`([^`]+)`", row)]
    assert (len(names), len(dated)) == (3, 7)
    for number, name in enumerate([*names, *dated]):
        kind = "PNG" if name.endswith("png") else "JPEG"
        (folder / name).write_bytes(saved(picture(100 + number).resize((64, 48)), kind))
    told = newsroom.run("media", "import", folder, "--json").json
    assert (told["imported"], told["refused"]) == (10, [])
    assert told["dated_by"] == {"file name": 7, "importer": 3}
    moments = {row["seen_at"].isoformat()[:10] for row in newsroom.rows("sightings") if "2014" in row["source"]}
    assert moments == {"2014-03-02"}
