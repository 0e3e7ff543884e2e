"""Posts from what people have, by command: what each file was taken for, what was refused, going on after a kill."""

from __future__ import annotations

import json
import signal
from typing import Any

from PIL import Image

from tests.app.newsroom import Newsroom
from tests.enrich.makers import saved, scene
from tests.ingest.test_imports import EPOCH, FOURCAT_TWITTER, table


def rows(number: int) -> list[dict[str, object]]:
    return [
        {
            "id": str(each),
            "unix_timestamp": str(int(EPOCH) - 1000 + each),
            "author": f"resident_{each}",
            "author_id": str(each),
            "body": f"Number {each} from the square #Velgrad",
            "is_retweet": "no",
        }
        for each in range(number)
    ]


def test_it_says_what_it_took_each_file_for_and_what_it_refused(newsroom: Newsroom) -> None:
    bad = {**rows(1)[0], "id": "x", "unix_timestamp": "yesterday"}
    file = table(newsroom.folder / "4cat.csv", FOURCAT_TWITTER, *rows(3), bad)
    ran = newsroom.run("replay", file)
    assert ran.code == 1, ran.err
    assert "4cat.csv: read as table, because its first row has the columns of the mapping 4cat-twitter" in ran.out
    assert "3 records sent, 0 that no watch asks for, 1 that could not be read." in ran.out
    assert "  4cat.csv:5: expected a time as 'epoch', came 'yesterday'" in ran.out


def test_the_same_for_machines(newsroom: Newsroom) -> None:
    bad = [{**rows(1)[0], "id": f"x{each}", "author_id": ""} for each in range(30)]
    file = table(newsroom.folder / "4cat.csv", FOURCAT_TWITTER, *rows(3), *bad)
    told = newsroom.run("replay", file, "--json").json
    assert [(each["name"], each["format"]) for each in told["files"]] == [("4cat.csv", "table")]
    assert told["rejected"] == len(told["refused"]) == 30
    assert told["refused"][0] == {
        "source": "4cat.csv:5",
        "reason": "expected an account id in column 'author_id', found it empty",
    }
    shown = newsroom.run("replay", file, "--name", "again").out
    assert "… and 10 more" in shown


def test_what_nobody_knows_is_refused_with_what_to_write(newsroom: Newsroom) -> None:
    ran = newsroom.run("replay", newsroom.write("diary.txt", "dear diary\n"))
    assert ran.code == 2
    assert "diary.txt" in ran.err
    assert "--mapping NAME" in ran.err
    assert "crowdtangle-facebook" in ran.err


def test_an_export_of_telegram_with_its_pictures(newsroom: Newsroom) -> None:
    folder = newsroom.folder / "ChatExport_2026-05-14"
    (folder / "photos").mkdir(parents=True)
    (folder / "photos" / "mill.jpg").write_bytes(saved(scene()))
    message = {
        "id": 2,
        "type": "message",
        "date_unixtime": EPOCH,
        "from": "Velgrad today",
        "from_id": "channel19",
        "photo": "photos/mill.jpg",
        "text": "The mill #Velgrad",
    }
    chat: dict[str, Any] = {"name": "Velgrad today", "type": "public_channel", "id": 19, "messages": [message]}
    (folder / "result.json").write_text(json.dumps(chat), "utf-8")
    ran = newsroom.run("replay", folder)
    assert ran.code == 0, ran
    assert "read as telegram" in ran.out
    (picture,) = newsroom.rows("pictures")
    assert picture["state"] == "fingerprinted", "what the export names may be read without --pictures"
    assert (picture["width"], picture["height"]) == Image.open(folder / "photos" / "mill.jpg").size


def test_killed_in_the_middle_and_started_again_nothing_is_lost_or_doubled(newsroom: Newsroom) -> None:
    bad = [
        {**rows(1)[0], "id": f"x{each}", "unix_timestamp": str(int(EPOCH) - each), "author_id": ""} for each in range(9)
    ]
    file = table(newsroom.folder / "4cat.csv", FOURCAT_TWITTER, *rows(900), *bad)
    (newsroom.config / "secondsource.yaml").write_text(
        (newsroom.config / "secondsource.yaml").read_text("utf-8") + "runtime:\n  batch_size: 20\n", "utf-8"
    )
    for _ in range(3):
        before = _posts(newsroom)
        process = newsroom.start("replay", file)
        try:
            for _ in range(600):
                if process.poll() is not None or _posts(newsroom) >= before + 60:
                    break
                signal.sigtimedwait([], 0.05)
        finally:
            process.send_signal(signal.SIGKILL)
            process.communicate()
    ran = newsroom.run("replay", file, "--json")
    assert ran.json["stopped"] is False
    found = newsroom.rows("posts")
    assert sorted(int(row["uid"].removeprefix("x:")) for row in found) == list(range(900))
    assert sorted(letter.source for letter in newsroom.letters()) == sorted(
        f"4cat.csv:{902 + each}" for each in range(9)
    )
    again = newsroom.run("replay", file, "--json")
    assert (again.code, again.json["sent"], again.json["rejected"]) == (0, 0, 0)
    assert newsroom.rows("posts") == found


def _posts(newsroom: Newsroom) -> int:
    try:
        return len(newsroom.rows("posts"))
    except Exception:  # noqa: BLE001 - the process has not made the tables yet
        return 0
