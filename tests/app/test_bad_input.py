"""Whatever a file holds goes the whole way or becomes a dead letter with its reason; nothing is lost, and what follows
it is handled as if it had not been there.
"""

from __future__ import annotations

import base64
import json
import unicodedata
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from secondsource.contracts.messages import DeadLetter
from tests.app.bad_pictures import write_pictures
from tests.app.newsroom import Newsroom, Ran, post
from tests.enrich.makers import distance
from tests.servers.postgres import PostgresServer

BOTH = ("sqlite", pytest.param("postgres", marks=pytest.mark.postgres))
Line = bytes | dict[str, Any]
Made = Callable[[str], Newsroom]


@pytest.fixture(scope="module", params=BOTH)
def newsroom_of(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    """A newsroom with a database of its own each time it is called."""
    server: PostgresServer | None = None if request.param == "sqlite" else request.getfixturevalue("shared_postgres")
    databases: list[str] = []

    def made(name: str) -> Newsroom:
        folder = tmp_path_factory.mktemp(name)
        if server is None:
            return Newsroom(folder)
        databases.append(server.create_database())
        return Newsroom(folder, server.url(databases[-1]))

    yield made
    for database in databases:
        assert server is not None
        server.drop_database(database)


def without(fields: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name not in names}


def as_bytes(fields: dict[str, Any]) -> bytes:
    return json.dumps(fields).encode()


class Bad(NamedTuple):
    """A line that cannot be kept, and a part of the reason that is given."""

    line: Line
    reason: str


TOMORROW = (datetime.now(UTC) + timedelta(days=1)).isoformat()

#: What cannot be kept, by name.
BAD: dict[str, Bad] = {
    "truncated JSON": Bad(as_bytes(post(1))[:70], "truncated JSON (70 bytes)"),
    "malformed JSON": Bad(b'{"uid": "plaza:2",, "text": "#Velgrad"}', "malformed JSON"),
    "not JSON at all": Bad(b"notes to self: ask the ferry office", "malformed JSON"),
    "invalid UTF-8": Bad(b'{"uid":"plaza:3","text":"caf\xe9 #Velgrad"}', "expected UTF-8, came byte 0xe9"),
    "half of a surrogate pair": Bad(as_bytes(post(4, "#Velgrad \ud800")), "unexpected end of hex escape"),
    "JSON, but no object": Bad(b"[1, 2, 3]", "Expected `object`, got `array`"),
    "null": Bad(b"null", "Expected `object`, got `null`"),
    "no text field": Bad(without(post(5), "text"), "missing required field `text`"),
    "text that is no text": Bad(post(6) | {"text": 7}, "Expected `str`, got `int`"),
    "no author": Bad(without(post(7), "author"), "missing required field `author`"),
    "no time": Bad(without(post(8), "created_at"), "missing required field `created_at`"),
    "time in words": Bad(post(9, created_at="yesterday"), "created_at"),
    "time without zone": Bad(post(10, created_at="2026-05-14T10:00:00"), "expected a time with zone in created_at"),
    "time in the future": Bad(post(11, created_at=TOMORROW), "in the future"),
    "time before there were platforms": Bad(post(12, created_at="1999-12-31T00:00:00Z"), "before 2006-01-01"),
    "time that no calendar has": Bad(post(13, created_at="2026-02-30T00:00:00Z"), "created_at"),
    "counts that are no numbers": Bad(post(14, counts={"reposts": "many"}), "Expected `int | null`"),
    "nested too deep": Bad(b'{"uid":"plaza:15","x":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested too deep"),
    "an id too long to be found by": Bad(post(16, uid="plaza:" + "9" * 600), "expected an id of 1 to 500 characters"),
    "an empty id": Bad(post(17, uid=""), "expected an id of 1 to 500 characters"),
    "a kind of message there is not": Bad({"type": "letter", "uid": "plaza:18"}, "letter"),
}


class Replayed(NamedTuple):
    """A file that has been replayed. `letters` by the number of their line, `posts` by uid."""

    newsroom: Newsroom
    ran: Ran
    letters: dict[int, DeadLetter]
    posts: dict[str, dict[str, Any]]


def replayed(newsroom: Newsroom, lines: list[Line], *options: str) -> Replayed:
    file = newsroom.write("posts.jsonl", lines)
    ran = newsroom.run("replay", file, *options)
    bodies = file.read_bytes().split(b"\n")
    letters = {}
    for letter in newsroom.letters():
        file_name, _, line = letter.source.partition(":")
        if file_name != file.name:  # a stage refused it: its body is the message that was made of the line
            line = next(str(n) for n, body in enumerate(bodies, 1) if body and _says_the_same(body, letter.body))
        letters[int(line)] = letter
    return Replayed(newsroom, ran, letters, {row["uid"]: row for row in newsroom.rows("posts")})


def _says_the_same(line: bytes, message: bytes) -> bool:
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        return False
    return isinstance(said, dict) and said.get("uid") == json.loads(message)["uid"]


@pytest.fixture(scope="module")
def bad(newsroom_of: Made) -> Replayed:
    """Each bad line between two good ones."""
    lines: list[Line] = [post(200)]
    for number, each in enumerate(BAD.values(), 201):
        lines += [each.line, post(number)]
    return replayed(newsroom_of("bad"), lines, "--json")


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_kept_is_a_dead_letter_with_its_reason(name: str, bad: Replayed) -> None:
    line, reason = BAD[name]
    letter = bad.letters[2 + 2 * list(BAD).index(name)]
    assert reason in letter.reason
    if letter.target.startswith("collector:"):
        assert letter.body == (line if isinstance(line, bytes) else as_bytes(line))


def test_nothing_is_lost_and_the_stream_goes_on(bad: Replayed) -> None:
    assert bad.ran.code == 1
    assert len(bad.letters) == len(BAD)
    assert sorted(bad.posts) == [f"plaza:{200 + number}" for number in range(len(BAD) + 1)]
    said = bad.ran.json
    assert said["sent"] + said["rejected"] + said["unmatched"] == len(bad.posts) + len(bad.letters)
    assert said["rejected"] + said["set_aside"] == said["status"]["dead_letters"] == len(BAD)


LONG = "The bridge of Velgrad, again. " * 3_334
CRANE = "The crane in the harbour of Velgrad leans over the quay"
KEPT: list[Line] = [
    post(1) | {"text": ""},
    post(2, " \n\t "),
    post(3, LONG),
    post(4, "nul\x00 in a text"),
    as_bytes(post(5)).replace(b"Number", b"Nu\x00ber"),
    post(6, sentiment={"deep": [1, None, "2"]}),
    post(7),
    post(7),
    post(8),
    post(7),
    post(9, "Two are hurt"),
    post(10, "Nobody is hurt", edit_of="plaza:9"),
    post(11, "as corrected", observed_at="2026-05-14T11:00:00Z"),
    post(11, "as first written"),
    post(12, CRANE, repost_of="plaza:14"),
    post(13, CRANE, repost_of="plaza:14"),
    post(14, CRANE),
]


@pytest.fixture(scope="module")
def kept(newsroom_of: Made) -> Replayed:
    return replayed(newsroom_of("kept"), KEPT, "--watch", "velgrad")


def test_all_of_it_is_kept(kept: Replayed) -> None:
    assert kept.ran.code == 0, kept.ran
    assert not kept.letters
    assert kept.posts.keys() == {f"plaza:{number}" for number in range(1, 15)}


def test_a_post_without_words_is_kept(kept: Replayed) -> None:
    assert kept.posts["plaza:1"]["text"] == ""
    assert kept.posts["plaza:1"]["language"] == kept.posts["plaza:2"]["language"] == "und"


def test_a_post_of_100_000_characters_is_kept_whole(kept: Replayed) -> None:
    assert len(LONG) > 100_000
    assert kept.posts["plaza:3"]["text"] == LONG


def test_null_bytes_are_shown_as_what_cannot_be_shown(kept: Replayed) -> None:
    assert kept.posts["plaza:4"]["text"] == "nul\N{REPLACEMENT CHARACTER} in a text"
    assert kept.posts["plaza:5"]["text"].startswith("Nu\N{REPLACEMENT CHARACTER}ber")


def test_an_edited_post_is_a_post_that_names_the_first(kept: Replayed) -> None:
    assert kept.posts["plaza:10"]["edit_of"] == "plaza:9"
    assert kept.posts["plaza:9"]["text"] == "Two are hurt"


def test_of_two_versions_under_one_id_the_later_stays(kept: Replayed) -> None:
    assert kept.posts["plaza:11"]["text"] == "as corrected"


def test_a_repost_before_its_original_joins_its_story(kept: Replayed) -> None:
    assert kept.posts["plaza:12"]["repost_of"] == "plaza:14"
    (story,) = [row for row in kept.newsroom.rows("stories") if row["claim"] == CRANE]
    assert story["posts"] == 3


def test_a_post_that_no_watch_asks_for_is_counted(tmp_path: Path) -> None:
    newsroom = Newsroom(tmp_path)
    ran = newsroom.run("replay", newsroom.write("posts.jsonl", [post(1), post(2, "of another town")]))
    assert ran.code == 0
    assert "1 record sent, 1 that no watch asks for, 0 that could not be read." in ran.out


# --- pictures --------------------------------------------------------------------------------------------------------

MAPPING = "platform: plaza\ncolumns: {id: id, text: text, author_id: who, created_at: at, media: pictures}\n"
PICTURES = {
    "page": ("refused", "a web page, not a picture"),
    "nothing": ("refused", "0 bytes"),
    "truncated": ("refused", "damaged: "),
    "huge": ("refused", "more than the 50000000 pixels allowed"),
    "words": ("refused", "not a picture"),
    "speck": ("refused", "1 × 1 pixels, too small"),
    "missing": ("unavailable", ""),
    "whole": ("fingerprinted", ""),
    "animated": ("fingerprinted", ""),
    "cmyk": ("fingerprinted", ""),
    "turned": ("fingerprinted", ""),
}


class Shown(NamedTuple):
    """`made` is what was made of each picture, by its name; `pairs` those that are near one another, by their names."""

    made: dict[str, dict[str, Any]]
    pairs: set[frozenset[str]]


@pytest.fixture(scope="module")
def shown(newsroom_of: Made) -> Shown:
    """Each picture is shown by one post."""
    newsroom = newsroom_of("pictures")
    write_pictures(newsroom.folder / "pictures")
    rows = ["id,text,who,at,pictures"]
    for number, name in enumerate(PICTURES):
        rows.append(f"{number},Picture of #Velgrad,u{number},2026-05-14T10:{number:02d}:00+00:00,{name}")
    ran = newsroom.run(
        "replay", newsroom.write("posts.csv", "\n".join(rows)), "--watch", "velgrad",
        "--mapping", newsroom.write("columns.yaml", MAPPING), "--pictures", newsroom.folder / "pictures",
    )  # fmt: skip
    assert ran.code == 0, ran
    assert len(newsroom.rows("posts")) == len(PICTURES)
    pictures = {row["id"]: row for row in newsroom.rows("pictures")}
    seen = {row["source"]: row["picture"] for row in newsroom.rows("sightings")}
    made = {name: pictures[seen[f"plaza:{number}"]] for number, name in enumerate(PICTURES)}
    names = {row["id"]: name for name, row in made.items()}
    pairs = {frozenset((names[row["a"]], names[row["b"]])) for row in newsroom.rows("picture_matches")}
    return Shown(made, pairs)


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_never_costs_its_post(name: str, shown: Shown) -> None:
    state, reason = PICTURES[name]
    made = shown.made[name]
    assert made["state"] == state
    assert reason in made["reason"]
    assert bool(made["pdq"]) == (state == "fingerprinted")


@pytest.mark.parametrize("name", ["cmyk", "turned"])
def test_the_same_picture_written_in_another_way_is_found_again(name: str, shown: Shown) -> None:
    assert distance(shown.made["whole"]["pdq"], shown.made[name]["pdq"]) <= 31
    assert (shown.made[name]["width"], shown.made[name]["height"]) == (640, 480)
    assert frozenset(("whole", name)) in shown.pairs


def test_another_picture_is_not(shown: Shown) -> None:
    assert not any("animated" in pair for pair in shown.pairs)


# --- words that were written to get past whoever reads them ----------------------------------------------------------

ESCAPES = "\x1b[2J\x1b]0;gone\x07\x1b[31m\u202egnp.exe\x9b1;31m"
FORMULA = "=cmd|' /C calc'!A0"
MARKUP = "[bold red]styled[/bold red] [link=http://evil.example]here[/link] :boom:"


def harmless(text: str) -> bool:
    """Nothing in it moves a cursor, changes a colour or the order of reading."""
    return not any(
        letter in "\u202a\u202b\u202d\u202e\u2066\u2067" or (unicodedata.category(letter) == "Cc" and letter != "\n")
        for letter in text
    )


class Hostile(NamedTuple):
    newsroom: Newsroom
    ran: Ran
    letters: list[DeadLetter]


@pytest.fixture(scope="module")
def hostile(newsroom_of: Made) -> Hostile:
    """Two records that cannot be kept, of which one is refused by the collector and one by a stage; and a gap."""
    newsroom = newsroom_of("hostile")
    broken = as_bytes(post(1, f"{FORMULA} {MARKUP}"))[:-4] + ESCAPES.encode() + b"\xff"
    spoken = post(2, uid=f"plaza:{ESCAPES}{MARKUP}{FORMULA}" + "9" * 600)
    gap = {
        "type": "coverage", "collector": f"x{ESCAPES}", "watches": ["velgrad"], "state": "blind",
        "start": "2026-05-14T10:00:00Z", "end": "2026-05-14T11:00:00Z", "reason": ESCAPES + MARKUP,
    }  # fmt: skip
    name = f"{FORMULA[:4]}[bold]\x1b[2J.jsonl"
    ran = newsroom.run("replay", newsroom.write(name, [broken, spoken, post(3), gap]))
    return Hostile(newsroom, ran, newsroom.letters())


def test_a_replay_of_it_is_told_harmlessly(hostile: Hostile) -> None:
    assert hostile.ran.code == 1
    assert harmless(hostile.ran.out + hostile.ran.err)
    assert len(hostile.letters) == 2


@pytest.mark.parametrize("command", ["list", "list --resent", "list --json", "show 0", "show 1", "resend --all"])
def test_dead_letters_are_shown_harmlessly(command: str, hostile: Hostile) -> None:
    words = [hostile.letters[int(word)].id if word.isdigit() else word for word in command.split()]
    told = hostile.newsroom.run("dead-letters", *words)
    assert told.code in {0, 1}
    assert told.out
    assert harmless(told.out + told.err), told
    if words[0] == "show":
        assert "\\u001b[2J" in told.out


def test_letters_as_json_keep_every_byte(hostile: Hostile) -> None:
    told = hostile.newsroom.run("dead-letters", "list", "--json")
    assert {base64.b64decode(each["body"]) for each in told.json} == {letter.body for letter in hostile.letters}


def test_status_is_harmless(hostile: Hostile) -> None:
    status = hostile.newsroom.run("status")
    assert harmless(status.out)
    assert "blind: x\\u001b[2J" in status.out
    assert MARKUP in status.out


def test_formulas_stay_words(tmp_path: Path) -> None:
    """Nothing of ours computes or rewrites them, and nothing of ours writes a spreadsheet."""
    newsroom = Newsroom(tmp_path)
    mapping = newsroom.write("columns.yaml", MAPPING.replace(", media: pictures", ""))
    rows = f'id,text,who,at\n1,"{FORMULA} #Velgrad",u1,2026-05-14T10:00:00Z\n'
    assert newsroom.run("replay", newsroom.write("posts.csv", rows), "--mapping", mapping).code == 0
    (row,) = newsroom.rows("posts")
    assert row["text"] == f"{FORMULA} #Velgrad"


def spiking(words: Callable[[int], str]) -> list[Line]:
    """An hour of small stories, then one that everybody passes on."""
    lines: list[Line] = [post(n, f"shop{n} street{n} opens{n} today{n} #Velgrad") for n in range(60)]
    lines.append(post(600, words(0)))
    lines += [post(601 + n, words(n), repost_of="plaza:600") for n in range(60)]
    return lines


def test_an_alert_on_hostile_words_is_printed_harmlessly(newsroom_of: Made) -> None:
    newsroom = newsroom_of("alert")
    text = f"{ESCAPES} {MARKUP} {FORMULA} the bridge is down #Velgrad"
    ran = newsroom.run("replay", newsroom.write("posts.jsonl", spiking(lambda _: text)))
    assert "OPEN  2026-05-14" in ran.out
    assert MARKUP in " ".join(ran.out.split())
    assert "\\u001b" not in ran.out
    assert harmless(ran.out), ran.out
