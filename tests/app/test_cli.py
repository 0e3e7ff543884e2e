"""The command line as somebody meets it: what each command says, returns, and teaches."""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any, Literal
from uuid import uuid4

import pytest
from rich.console import Console

from secondsource.app.demo import showing
from secondsource.app.threads import Stopped
from secondsource.contracts.errors import SecondSourceError
from secondsource.contracts.messages import Coverage, DeadLetter
from tests.app.newsroom import Newsroom, Ran, post, run
from tests.app.processes import PATIENCE, until
from tests.enrich.makers import saved, scene

COMMANDS = (
    "demo", "run", "replay", "migrate", "status", "config check", "config schema",
    "dead-letters list", "dead-letters show", "dead-letters resend", "compliance x",
    "takedown", "forget", "backtest", "tune", "verdicts", "alerts list", "acts list", "acts add",
)  # fmt: skip
READS_JSON = ("status", "config check", "dead-letters list", "alerts list", "acts list")
FIFTY = [post(number) for number in range(50)]


def words(text: str) -> str:
    """Without the frames and line breaks that fit it to a terminal."""
    return " ".join(text.replace("│", " ").split())


# --- help ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", COMMANDS)
def test_help_says_what_a_command_is_for(command: str) -> None:
    ran = run(*command.split(), "--help")
    assert ran.code == 0
    sentences = words(ran.out).partition("╭─")[0].partition(command.rsplit(maxsplit=1)[-1])[2]
    assert sentences.count(".") >= 1, sentences
    for option in [line for line in ran.out.splitlines() if line.startswith(("│ --", "│ *"))]:
        assert len(words(option).split()) > 2, f"{command}: an option that explains nothing: {option}"


@pytest.mark.parametrize(
    "command", ["run", "replay", "dead-letters list", "dead-letters resend", "acts list", "acts add"]
)
def test_help_has_examples_that_exist(command: str) -> None:
    ran = run(*command.split(), "--help")
    before_options = words(ran.out.partition("╭─")[0])
    examples = before_options.partition("For example:")[2]
    assert f"secondsource {command}" in examples
    for option in [word for word in examples.split() if word.startswith("--")]:
        assert option in ran.out.partition("╭─")[2], f"{option} is in an example and is no option"


def test_without_anything_it_says_where_to_start() -> None:
    ran = run()
    assert "Start with secondsource demo" in words(ran.out)
    assert "Exit codes: 0 done" in words(ran.out)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["replai"], "No such command"),
        (["replay"], "Missing argument"),
        (["replay", "posts.jsonl", "--mappings", "x"], "--mapping"),
        (["dead-letters", "list", "--limit", "0"], "--limit"),
        (["replay", ""], "expected a path, came nothing"),
        (["replay", "posts.jsonl", ""], "expected a path, came nothing"),
        (["backtest", "", "--watch", "velgrad"], "expected a path, came nothing"),
        (["media", "import", ""], "expected a path, came nothing"),
    ],
)
def test_what_cannot_be_asked(arguments: list[str], said: str) -> None:
    ran = run(*arguments)
    assert ran.code == 2
    assert said in ran.err
    assert "Traceback" not in ran.err


# --- what cannot work is said in one message -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["replay", "absent.jsonl"], "absent.jsonl: expected a readable file: No such file or directory\n"),
        (["replay", "POSTS", "--format", "csv"], "and --mapping for CSV and TSV"),
        (["replay", "POSTS", "--mapping", "nobodys"], "or one of: 4cat-facebook, "),
        (["replay", "POSTS", "--mapping", "mediaeval2016"], "the mapping names columns the file does not have"),
        (["replay", "POSTS", "--watch", "velgrd"], "no watch named 'velgrd'; there are: velgrad"),
        (["replay", "POSTS", "--pictures", "nowhere"], "expected a folder, found none at nowhere"),
        (["replay", "POSTS", "--picture-urls", "http://p.example/"], "expected an address with {id} in it"),
        (["replay", "POSTS", "--speed", "-1"], "expected speed ≥ 0"),
        (["replay", "-", "POSTS"], "standard input cannot be read together with files"),
        (["run", "enrich"], "Write transport: kafka in secondsource.yaml"),
        (["run", "enrich", "alerts"], "enrich, alerts cannot run alone"),
        (["run", "enriching"], "no part named enriching; parts are ingest, enrich, store, alerts, notify, desk"),
        (["run"], "no live collector is on, so nothing would come in: bluesky is "),
        (["dead-letters", "resend"], "give ids, or --all"),
        (["dead-letters", "resend", "--all", "--file", "gone.csv"], "gone.csv: expected the file that the rows came"),
        (["dead-letters", "resend", "beef", "--format", "csv"], "no format named 'csv'"),
    ],
)
def test_settings_that_cannot_work(arguments: list[str], said: str, newsroom: Newsroom) -> None:
    file = newsroom.write("posts.jsonl", [post(1)])
    ran = newsroom.run(*(str(file) if word == "POSTS" else word for word in arguments))
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err
    assert "Traceback" not in ran.err
    database = Path(newsroom.store_url.removeprefix("sqlite:///"))
    assert not database.exists() or newsroom.rows("posts") == []


def test_a_command_to_paste_has_the_configuration_that_was_given(newsroom: Newsroom) -> None:
    newsroom.run("migrate")
    ran = newsroom.run("dead-letters", "show", "beef")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == f"no dead letter beef; see: secondsource dead-letters list -c {newsroom.config}\n"
    ran = newsroom.run("acts", "add", "velgrad:1", "dismissed")
    known = f"secondsource alerts list -c {newsroom.config}\n"
    assert (ran.code, ran.err) == (2, f"there is no alert velgrad:1; those there are: {known}")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["forget", "--older-than", "999999"], "36500"),
        (["config", "schema", "FILE"], "a file stands where a folder should; name a folder"),
        (["demo", "--folder", "FILE"], "name a folder"),
        (["demo", "--folder", "/proc/demo"], "/proc/demo"),
        (["media", "explain", "PICTURE", "PICTURE", "-o", "FILE/both.png"], "name a folder"),
        (["media", "explain", "PICTURE", "PICTURE", "-o", "nowhere/both.png"], "make its folder first"),
    ],
)
def test_places_that_cannot_be_written_to(arguments: list[str], said: str, newsroom: Newsroom) -> None:
    file = newsroom.write("posts.jsonl", [post(1)])
    picture = newsroom.write("picture.png", saved(scene(), "PNG"))
    ran = newsroom.run(*(word.replace("FILE", str(file)).replace("PICTURE", str(picture)) for word in arguments))
    assert ran.code == 2
    assert said in ran.err
    assert "Traceback" not in ran.err
    assert file.read_bytes()


def test_a_port_that_somebody_has_is_said_in_one_message(newsroom: Newsroom) -> None:
    settings = newsroom.config / "secondsource.yaml"
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        settings.write_text(settings.read_text("utf-8").replace("desk:\n  port: 0", f"desk:\n  port: {port}"), "utf-8")
        ran = newsroom.run("run", "desk")
    assert ran.code == 2
    said = [line for line in ran.err.splitlines() if "level=info logger=secondsource." not in line]
    why = "Address already in use"
    assert said == [f"the desk cannot listen on 127.0.0.1:{port} ({why}); set desk.port in secondsource.yaml"]


def test_run_without_a_collector_says_what_to_do(newsroom: Newsroom) -> None:
    ran = newsroom.run("run")
    assert ran.code == 2
    for word in ("enabled: true", "approved_use_case:", "token_env:", "secondsource replay FILE"):
        assert word in ran.err


@pytest.mark.parametrize("command", ["status", "replay posts.jsonl", "migrate", "dead-letters list", "config check"])
def test_a_configuration_that_is_wrong_starts_nothing(command: str, newsroom: Newsroom) -> None:
    (newsroom.config / "secondsource.yaml").write_text("transport: inlin\n", "utf-8")
    ran = newsroom.run(*command.split())
    assert ran.code == 2
    said = ran.out + ran.err
    assert "secondsource.yaml:1" in said
    assert "inline" in said
    assert not Path(newsroom.store_url.removeprefix("sqlite:///")).exists()


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ("store: {url: 'postgresql+psycopg://host:abc/velgrad'}", "store.url: the store's URL cannot be read"),
        ("store: {url: 'sqlite:////no/such/folder/a.sqlite'}", "folder /no/such/folder of the store's file"),
        ("store: {url: 'sqlite:////usr'}", "secondsource.yaml:1:14 store.url: the store's file /usr is a folder"),
        ("enrich: {media: {store: names.tsv}}", "secondsource.yaml:1:25 enrich.media.store: "),
        ("enrich: {media: {index: names.tsv/index}}", "names.tsv is no folder; name a folder"),
        ("stories: {model: watches}", "secondsource.yaml:1:18 stories.model: "),
        ("notify: {webhooks: {a: {url: 'https://a.example', ca_file: names.tsv}}}", "names.tsv holds no certificate"),
        ("transport: kafka\nkafka: {security_protocol: SSL, ssl_ca_file: names.tsv}", "yaml:2:46 kafka.ssl_ca_file: "),
        (
            "kafka: {security_protocol: SSL, ssl_cert_file: names.tsv, ssl_key_file: names.tsv}",
            "are no certificate with its key",
        ),
        ("enrich: {gazetteers: [names.tsv]}", "names.tsv:2: expected id, kind, names"),
        ("enrich: {stance_model: names.tsv}", "names.tsv is not a stance model; make one with"),
        (
            "collectors: {x: {enabled: true, approved_use_case: tests, token_file: token, rules_cap: 1}}",
            "collectors.x: x: the watches need 2 rules, X allows 1",
        ),
        ("collectors: {bluesky: {hosts: [jetstream.example]}}", 'hosts[0]: not of the form it must have, came "jet'),
        ("collectors: {mastodon: {stall_seconds: 1.0e+300}}", "stall_seconds: must be at most 3600"),
        ("collectors: {refresher: {gone_minutes: 1.0e+300}}", "gone_minutes: must be at most 10080"),
        ("collectors: {bluesky: {api: public.example}}", "bluesky.api: not of the form it must have"),
        (
            "collectors: {mastodon: {instances: [{base_url: 'https://m.example'}, {base_url: 'https://M.example/'}]}}",
            "instances each with an address of its own",
        ),
        ("kafka: {bootstrap: 'one:9092,two:99999'}", 'no port has the number in "two:99999"'),
    ],
)
def test_a_configuration_check_tells_what_a_start_would_refuse(settings: str, told: str, tmp_path: Path) -> None:
    (tmp_path / "watches").mkdir()
    for name in ("velgrad", "karst"):
        (tmp_path / "watches" / f"{name}.yaml").write_text(
            f"watches: [{{name: {name}, hashtags: [{name}]}}]\n", "utf-8"
        )
    (tmp_path / "names.tsv").write_text("# names\ngarbage\n", "utf-8")
    (tmp_path / "token").write_text("abc\n", "utf-8")
    (tmp_path / "secondsource.yaml").write_text(settings, "utf-8")
    ran = run("config", "check", "-c", tmp_path)
    assert ran.code == 2, ran
    assert told in ran.out
    asked = run("config", "check", "-c", tmp_path, "--json")
    assert (asked.code, len(asked.json)) == (2, 1)


def test_a_token_of_two_lines_is_told_and_not_shown(tmp_path: Path) -> None:
    newsroom = Newsroom(
        tmp_path, settings="notify: {slack: {token_env: SLACK}}\n", environ={"SLACK": "xoxb-1\nHost: h"}
    )
    ran = newsroom.run("config", "check")
    assert ran.code == 2
    assert "SLACK holds a line break" in ran.out
    assert "Host" not in ran.out + ran.err


def test_a_database_that_is_away(tmp_path: Path) -> None:
    environ = {
        "SECONDSOURCE_CONFIG": str(Newsroom(tmp_path).config),
        "SECONDSOURCE_STORE_URL": "postgresql://velgrad:secret@127.0.0.1:9/velgrad",
    }
    ran = run("status", environ=environ)
    assert ran.code == 3
    assert "127.0.0.1" in ran.err
    assert "secret" not in ran.err


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ("replay POSTS", 1), ("backtest POSTS --watch velgrad", 1), ("tune velgrad", 1), ("media import FOLDER", 1),
        ("run desk", 0),
    ],
)  # fmt: skip
def test_asked_to_stop_while_the_database_is_away(arguments: str, code: int, tmp_path: Path) -> None:
    newsroom = Newsroom(tmp_path, environ={"SECONDSOURCE_STORE_URL": "postgresql://velgrad:secret@127.0.0.1:9/velgrad"})
    words = {"POSTS": newsroom.write("posts.jsonl", FIFTY), "FOLDER": newsroom.folder}
    with newsroom.start(*(words.get(word, word) for word in arguments.split())) as process:
        assert process.stderr is not None
        waits = next(line for line in process.stderr if "service away, will try again" in line)
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=PATIENCE)
    assert "service=store" in waits
    assert process.returncode == code, err
    assert "stopped while a service was away: the database postgresql+psycopg://velgrad:***@127.0.0.1:9/velgrad" in err
    assert "Traceback" not in err


@pytest.mark.postgres
def test_tables_that_are_not_there_yet(tmp_path: Path, postgres_url: str) -> None:
    environ = {"SECONDSOURCE_CONFIG": str(Newsroom(tmp_path).config), "SECONDSOURCE_STORE_URL": postgres_url}
    ran = run("status", environ=environ)
    assert ran.code == 2
    assert "secondsource migrate" in ran.err
    for _ in range(2):
        assert run("migrate", environ=environ).code == 0
    assert run("status", environ=environ).code == 0


# --- config ----------------------------------------------------------------------------------------------------------


def test_a_good_configuration(newsroom: Newsroom) -> None:
    ran = newsroom.run("config", "check")
    assert ran.code == 0
    assert f"{newsroom.config}: good. Watches: velgrad. Transport: inline." in ran.out
    assert "x: off; X's terms bind its content" in ran.out
    assert "slack: off; to turn it on: export SLACK_BOT_TOKEN" in ran.out
    assert "off  " not in ran.out


def test_a_bad_one_says_where_and_what_to_write(newsroom: Newsroom) -> None:
    (newsroom.config / "watches" / "more.yaml").write_text(
        "watches:\n  - name: mill\n    hashtag: [Mill]\n    thresholds:\n      max_surprise: 3\n", "utf-8"
    )
    ran = newsroom.run("config", "check")
    assert ran.code == 2
    assert "more.yaml:3" in ran.out
    assert "hashtags" in ran.out
    assert "more.yaml:5" in ran.out
    as_json = newsroom.run("config", "check", "--json")
    assert as_json.code == 2
    assert {problem["line"] for problem in as_json.json} >= {3, 5}


def test_the_schemas_are_written(tmp_path: Path) -> None:
    ran = run("config", "schema", tmp_path)
    assert ran.code == 0
    written = {path.name for path in tmp_path.iterdir()}
    assert written == {"secondsource.schema.json", "watch.schema.json", "mapping.schema.json", "sources.schema.json"}
    assert all(name in ran.out for name in written)


# --- status ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", READS_JSON)
def test_json_for_machines(command: str, newsroom: Newsroom) -> None:
    newsroom.run("migrate")
    ran = newsroom.run(*command.split(), "--json")
    assert ran.code == 0
    assert isinstance(ran.json, dict | list)


@pytest.mark.parametrize(
    "command",
    [
        "status", "alerts list", "acts list", "acts add velgrad:1 dismissed", "dead-letters list",
        "dead-letters show beef", "dead-letters resend --all", "media find POSTS", "media index verify",
        "media index rebuild", "verdicts", "baselines show", "baselines fit", "backtest --watch velgrad",
        "tune velgrad", "takedown plaza:1", "forget --older-than 9",
    ],
)  # fmt: skip
def test_where_nothing_is_kept_nothing_is_made(command: str, newsroom: Newsroom) -> None:
    before = sorted(newsroom.folder.rglob("*"))
    ran = newsroom.run(*command.split())
    assert ran.code == 2
    assert f"there is no database at {newsroom.folder / 'velgrad.sqlite'} yet" in ran.err
    assert f"`secondsource replay FILE -c {newsroom.config}` makes it" in ran.err, "a command to paste"
    assert sorted(newsroom.folder.rglob("*")) == before


@pytest.mark.parametrize(
    "arguments",
    [
        "replay absent.jsonl", "replay POSTS absent.jsonl", "replay POSTS --mapping nobodys",
        "replay POSTS --watch mill", "replay POSTS --pictures nowhere", "replay POSTS --speed -1", "replay ZIP",
        "replay RIDDLE", "replay CONFIG", "replay PIPE", "media import nowhere", "media import CONFIG --timezone V",
        "media import CONFIG --captions nowhere.csv", "backtest absent.jsonl --watch velgrad",
        "backtest POSTS --watch velgrad --csv nowhere/alerts.csv", "backtest POSTS --watch velgrad --csv CONFIG",
    ],
)  # fmt: skip
def test_for_what_cannot_be_read_no_database_is_made(arguments: str, newsroom: Newsroom) -> None:
    os.mkfifo(newsroom.folder / "pipe")
    places = {
        "POSTS": newsroom.write("posts.jsonl", [post(1)]),
        "ZIP": newsroom.write("posts.zip", b"PK\x03\x04 and no more"),
        "RIDDLE": newsroom.write("riddle.csv", "Number;Words\n1;#Velgrad\n"),
        "CONFIG": newsroom.config,
        "PIPE": newsroom.folder / "pipe",
    }
    before = sorted(newsroom.folder.rglob("*"))
    ran = newsroom.run(*(places.get(word, word) for word in arguments.split()))
    assert (ran.code, ran.out) == (2, "")
    assert "Traceback" not in ran.err
    assert sorted(newsroom.folder.rglob("*")) == before


def test_a_backtest_of_files_keeps_nothing(newsroom: Newsroom) -> None:
    file = newsroom.write("posts.jsonl", FIFTY)
    before = sorted(newsroom.folder.rglob("*"))
    ran = newsroom.run("backtest", file, "--watch", "velgrad", "--take", "all", "--json")
    assert ran.code == 0, ran.err
    assert ran.json["outcomes"][0]["posts"] == 50
    assert sorted(newsroom.folder.rglob("*")) == before


def test_a_pipe_is_to_be_read_as_standard_input(newsroom: Newsroom) -> None:
    os.mkfifo(newsroom.folder / "pipe")
    ran = newsroom.run("replay", newsroom.folder / "pipe")
    assert f"secondsource replay - < {newsroom.folder / 'pipe'} -c {newsroom.config}\n" in ran.err, "a command to paste"


def test_a_replay_of_nothing_has_seen_nothing(newsroom: Newsroom) -> None:
    ran = newsroom.run("replay", newsroom.write("empty.jsonl", ""))
    assert "empty.jsonl: read as own, because it is empty" in ran.out
    assert "replay:empty.jsonl: nothing has come; it has ended\n" in newsroom.run("status").out


def test_status(newsroom: Newsroom) -> None:
    newsroom.run("replay", newsroom.write("posts.jsonl", [post(1), post(2), b"notes"]))
    said = newsroom.run("status").out
    assert f"Store: {newsroom.store_url}" in said
    assert "posts 2" in words(said)
    assert "dead letters 1" in words(said)
    assert "replay:posts.jsonl: everything up to 2026-05-14 10:00 UTC has come; it has ended" in said
    as_json = newsroom.run("status", "--json").json
    assert as_json["rows"]["posts"] == 2
    assert as_json["last_event"] == "2026-05-14T10:00:02Z"


def test_status_says_who_sees_what_and_what_x_costs(tmp_path: Path) -> None:
    x_on = "collectors:\n  x: {enabled: true, approved_use_case: Newsroom verification, token_env: X_TOKEN}\n"
    newsroom = Newsroom(tmp_path, settings=x_on, environ={"X_TOKEN": "t"})
    noon = datetime(2026, 5, 14, 12, tzinfo=UTC)
    newsroom.run("migrate")
    with newsroom.store() as store:
        told: list[tuple[str, Literal["seen", "blind"], str]] = [("bluesky", "seen", ""), ("x", "blind", "401 \x1b[2J")]
        for collector, state, reason in told:
            coverage = Coverage(
                collector=collector,
                watches=("velgrad",),
                start=noon,
                end=noon + timedelta(minutes=9),
                state=state,
                reason=reason,
            )
            store.write([coverage], lambda event: ())
        store.spending.spend("x-posts", datetime.now(UTC).date(), 1200)
    said = newsroom.run("status").out
    when = "since 2026-05-14 12:00, last told of 2026-05-14 12:09 UTC"
    assert f"bluesky sees velgrad {when}\n" in said
    assert f"x is blind to velgrad {when}: 401 \\u001b[2J\n" in said
    assert "x: 1,200 of 20,000 posts this month used; at this rate" in said
    as_json = newsroom.run("status", "--json").json
    assert [each["state"] for each in as_json["standing"]] == ["seeing", "blind"]
    assert as_json["x_budget"][0].startswith("1,200 of 20,000")


@pytest.mark.postgres
def test_what_is_old_is_let_go_of(newsroom: Newsroom) -> None:
    newsroom.run("replay", newsroom.write("posts.jsonl", FIFTY))
    ran = newsroom.run("forget")
    assert ran.code == 2
    assert "--older-than" in ran.err
    ran = newsroom.run("forget", "--older-than", "1", "--json")
    assert (ran.code, ran.json["posts"]) == (0, 50)
    assert newsroom.run("forget", "--older-than", "1", "--json").json["posts"] == 0


def test_status_hides_the_password(tmp_path: Path, postgres_url: str) -> None:
    newsroom = Newsroom(tmp_path, postgres_url)
    said = newsroom.run("status").out
    assert "Store: postgresql" in said
    password = postgres_url.partition("://")[2].partition("@")[0].partition(":")[2]
    assert not password or password not in said


# --- replay ----------------------------------------------------------------------------------------------------------


def all_rows(newsroom: Newsroom) -> dict[str, list[dict[str, Any]]]:
    tables = ("posts", "accounts", "sightings", "stories", "story_posts", "alerts", "alert_events", "dead_letters")
    return {table: newsroom.rows(table) for table in tables}


def test_replay_twice_adds_nothing(newsroom: Newsroom) -> None:
    file = newsroom.write("posts.jsonl", [*FIFTY, post(60, repost_of="plaza:1"), b"notes"])
    first = newsroom.run("replay", file)
    assert first.code == 1
    assert "51 records sent" in first.out
    before = all_rows(newsroom)
    again = newsroom.run("replay", file)
    assert again.code == 0
    assert "0 records sent" in again.out
    assert "An earlier run of this replay had been here" in again.out
    assert all_rows(newsroom) == before


def test_the_same_file_under_another_name_adds_nothing_either(newsroom: Newsroom) -> None:
    file = newsroom.write("posts.jsonl", [*FIFTY, post(60, repost_of="plaza:1")])
    newsroom.run("replay", file)
    before = all_rows(newsroom)
    again = newsroom.run("replay", file, "--name", "again")
    assert "51 records sent" in again.out
    after = all_rows(newsroom)
    for row in (*before["posts"], *after["posts"]):
        del row["collector"]
    assert after == before


def test_a_second_file_in_the_same_store(newsroom: Newsroom) -> None:
    newsroom.run("replay", newsroom.write("one.jsonl", FIFTY))
    earlier = [post(number, created_at=f"2026-05-13T09:00:{number - 100:02d}Z") for number in range(100, 120)]
    ran = newsroom.run("replay", newsroom.write("two.jsonl", [*earlier, post(130, repost_of="plaza:1")]))
    assert ran.code == 0
    assert "21 records sent" in ran.out
    assert len(newsroom.rows("posts")) == 71
    (story,) = newsroom.rows("stories")
    assert story["claim_uid"] == "plaza:1"
    assert story["posts"] == 2


def test_a_file_of_the_same_name_that_is_another(newsroom: Newsroom) -> None:
    newsroom.run("replay", newsroom.write("posts.jsonl", FIFTY[:20]))
    file = newsroom.write("posts.jsonl", FIFTY[20:])
    refused = newsroom.run("replay", file)
    assert refused.code == 2
    assert "has changed" in refused.err
    assert str(file) in refused.err
    named = refused.err.split("--name ")[1].split()[0]
    assert newsroom.run("replay", file, "--name", named).code == 0
    assert len(newsroom.rows("posts")) == 50


def test_a_file_that_somebody_appends_to(newsroom: Newsroom) -> None:
    for end in (20, 35, 50):
        ran = newsroom.run("replay", newsroom.write("posts.jsonl", FIFTY[:end]), "--json")
        assert (ran.code, ran.json["sent"]) == (0, 20 if end == 20 else 15)
        assert len(newsroom.rows("posts")) == end


def test_a_replay_that_no_watch_asks_for_says_how_to_take_it_all_the_same(newsroom: Newsroom) -> None:
    file = newsroom.write("posts.jsonl", [post(1, "elsewhere"), post(2, "elsewhere")])
    said = newsroom.run("replay", file).out
    assert "To give all of them to a watch, whatever their words: --watch velgrad" in said
    assert "2 records sent" in newsroom.run("replay", file, "--watch", "velgrad", "--name", "again").out
    assert "--watch" not in newsroom.run("replay", newsroom.write("more.jsonl", [post(3), post(4, "elsewhere")])).out


def test_json_of_a_replay(newsroom: Newsroom) -> None:
    ran = newsroom.run("replay", newsroom.write("posts.jsonl", [post(1), post(2, "elsewhere"), b"notes"]), "--json")
    assert ran.code == 1
    assert (ran.json["sent"], ran.json["unmatched"], ran.json["rejected"]) == (1, 1, 1)
    assert ran.json["stopped"] is False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_and_started_again(number: signal.Signals, newsroom: Newsroom) -> None:
    """Standing in the middle of a replay in original pace, asked to stop, and gone on in a hurry."""
    file = newsroom.write("posts.jsonl", [*FIFTY[:10], *(post(3000 + each) for each in range(10))])
    process = newsroom.start("replay", file, "--speed", "10")
    try:
        waited_for_posts(newsroom, process, 10)
        process.send_signal(number)
        out, err = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
    assert process.returncode == 1, err
    assert "10 records sent" in out
    assert "Stopped before the end. The same command goes on from here." in out
    assert "Traceback" not in err
    went_on = newsroom.run("replay", file)
    assert "10 records sent" in went_on.out
    assert len(newsroom.rows("posts")) == 20


@pytest.mark.parametrize(("heard", "code"), [(signal.default_int_handler, -signal.SIGINT), (signal.SIG_IGN, 7)])
def test_interrupted_while_its_modules_are_read_in(heard: Any, code: int, tmp_path: Path) -> None:
    """Also left alone where whoever started it wants that ignored, as `nohup` and `&` in a script do."""
    (tmp_path / "typer.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\nraise SystemExit(7)\n")
    ran = subprocess.run(
        [sys.executable, "-m", "secondsource.app", "status"],
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        preexec_fn=lambda: signal.signal(signal.SIGINT, heard),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (code, "", "")


def test_a_demo_that_is_stopped_tells_nothing_that_it_has_not_seen(tmp_path: Path) -> None:
    page = io.StringIO()
    stop = Event()
    stop.set()
    with pytest.raises(Stopped, match="begin again"):
        showing.show(tmp_path / "demo", Console(file=page), stop)
    assert "Not flagged" not in page.getvalue()


def waited_for_posts(newsroom: Newsroom, process: subprocess.Popen[str], least: int) -> None:
    def there() -> bool:
        assert process.poll() is None, process.communicate()
        try:
            return len(newsroom.rows("posts")) >= least
        except SecondSourceError:
            return False  # the process has not made the tables yet

    until(there, f"{least} posts")


def test_two_that_judge_at_once_would_spoil_each_others_memory(newsroom: Newsroom) -> None:
    file = newsroom.write("posts.jsonl", FIFTY)
    newsroom.run("replay", file)
    with newsroom.store() as other:
        other.alone.hold()
        ran = newsroom.run("replay", file, "--name", "again")
        assert (ran.code, ran.out) == (2, "")
        assert "another process is at work on" in ran.err
        taken = newsroom.run("takedown", "plaza:1")
        assert (taken.code, taken.out) == (2, "")
        assert "taken down in the store; whoever remembers it hears of it when you do this again" in taken.err
        assert newsroom.run("status").code == 0
    assert "plaza:1  taken down" in newsroom.run("takedown", "plaza:1").out
    assert newsroom.run("replay", file, "--name", "again").code == 0


def test_a_reader_that_goes_away_is_no_failure(newsroom: Newsroom) -> None:
    newsroom.run("replay", newsroom.write("posts.jsonl", [b"notes"] * 2000))
    process = newsroom.start("dead-letters", "list", "--limit", "2000")
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    assert "Traceback" not in process.stderr.read()
    process.wait(PATIENCE)
    process.stderr.close()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a place that is always full is Linux's")
def test_an_answer_that_there_is_no_room_for_is_said_in_one_message(newsroom: Newsroom) -> None:
    with Path("/dev/full").open("w") as full:
        asked = [sys.executable, "-m", "secondsource.app", "config", "check", "-c", str(newsroom.config)]
        ran = subprocess.run(asked, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (2, "what is written: no room is left for it: make some\n")


@pytest.mark.parametrize(("terminal", "asked"), [("1", ()), ("1", ("--json",)), ("", ())])
def test_on_a_terminal_a_replay_shows_how_far_it_is(terminal: str, asked: tuple[str, ...], tmp_path: Path) -> None:
    newsroom = Newsroom(tmp_path, environ={"FORCE_COLOR": terminal})
    ran = newsroom.run("replay", newsroom.write("posts.jsonl", FIFTY), *asked)
    assert ("50/50" in ran.err) == bool(terminal and not asked)


@pytest.mark.parametrize(("encoding", "written"), [("ascii", "utf-8"), ("iso-8859-1", "iso-8859-1")])
def test_a_terminal_that_lacks_the_signs(encoding: str, written: str, newsroom: Newsroom) -> None:
    named = newsroom.write("Überfall “حلب”.jsonl", [b"notes"])
    environ = {"PYTHONIOENCODING": encoding}
    process = newsroom.start("replay", named, environ=environ, encoding=written)
    out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, err) == (1, "")
    assert ".jsonl: read as own" in out
    process = newsroom.start("replay", named, "--name", "again", "--json", environ=environ, encoding="utf-8")
    out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, err) == (1, "")
    assert json.loads(out)["refused"][0]["source"] == f"{named.name}:1"


def test_standard_input(newsroom: Newsroom) -> None:
    process = newsroom.start("replay", "-", stdin=subprocess.PIPE)
    out, err = process.communicate("".join(json.dumps(each) + "\n" for each in FIFTY[:5]), timeout=PATIENCE)
    assert process.returncode == 0, err
    assert "5 records sent" in out


def test_the_installed_script_is_this() -> None:
    script = Path(sys.executable).with_name("secondsource")
    done = subprocess.run([script, "--help"], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "dead-letters" in done.stdout


# --- dead letters ----------------------------------------------------------------------------------------------------

ROWS = "post,words,who,when\n1,Smoke over #Velgrad,u1,14.05.2026 10:00\n2,More smoke #Velgrad,u2,14/05/2026 10:01\n"
BROKEN = """\
platform: plaza
columns: {id: post, text: words, author_id: who, created_at: when}
created_at_formats: ["%d.%m.%Y %H:%M"]
timezone: UTC
"""
MENDED = BROKEN.replace('["%d.%m.%Y %H:%M"]', '["%d.%m.%Y %H:%M", "%d/%m/%Y %H:%M"]')


@pytest.fixture
def rejected(newsroom: Newsroom) -> DeadLetter:
    """The second row has a time that the mapping does not know."""
    file, mapping = newsroom.write("rows.csv", ROWS), newsroom.write("broken.yaml", BROKEN)
    ran = newsroom.run("replay", file, "--mapping", mapping, "--watch", "velgrad")
    assert ran.code == 1
    assert f"See why: secondsource dead-letters list -c {newsroom.config}" in ran.out
    (letter,) = newsroom.letters()
    return letter


def resend(newsroom: Newsroom, *arguments: str | Path) -> Ran:
    return newsroom.run("dead-letters", "resend", *arguments)


def test_a_letter_is_listed_and_shown(newsroom: Newsroom, rejected: DeadLetter) -> None:
    listed = newsroom.run("dead-letters", "list")
    assert listed.code == 0
    assert "1 dead letter waits to be sent again." in listed.out
    assert f"{rejected.id}  rows.csv:3  expected a time as '%d.%m.%Y %H:%M', came '14/05/2026 10:01'" in listed.out
    shown = newsroom.run("dead-letters", "show", rejected.id)
    assert "body  2,More smoke #Velgrad,u2,14/05/2026 10:01" in shown.out
    as_json = newsroom.run("dead-letters", "show", rejected.id, "--json")
    assert as_json.json["source"] == "rows.csv:3"


def test_a_longer_list_says_how_to_see_the_rest(newsroom: Newsroom) -> None:
    newsroom.run("replay", newsroom.write("posts.jsonl", [b"notes"] * 5))
    listed = newsroom.run("dead-letters", "list", "--limit", "2").out
    assert "5 dead letters wait" in listed
    assert "These are the newest 2; more with --limit 5" in listed


def test_once_the_mapping_is_mended_the_row_is_there_and_the_letter_gone(
    newsroom: Newsroom, rejected: DeadLetter
) -> None:
    mended = newsroom.write("mended.yaml", MENDED)
    ran = resend(
        newsroom, rejected.id, "--mapping", mended, "--file", newsroom.folder / "rows.csv", "--watch", "velgrad"
    )
    assert ran.code == 0, ran
    assert "1 record sent again, 0 still failed and stay." in ran.out
    assert newsroom.letters() == []
    rows = {row["uid"]: row for row in newsroom.rows("posts")}
    assert rows["plaza:2"]["watches"] == ("velgrad",) or rows["plaza:2"]["watches"] == ["velgrad"]
    assert "(sent again " in newsroom.run("dead-letters", "list", "--resent").out
    nothing = resend(newsroom, "--all")
    assert (nothing.code, nothing.out) == (0, "0 records sent again, 0 still failed and stay.\n")


def test_rows_of_a_table_that_was_recognised_are_read_as_that_table_again(newsroom: Newsroom) -> None:
    head = "chat,id,body,author,author_username,author_name,unix_timestamp,views,reply_to"
    rows = [
        'mill,1,"Smoke, more #Velgrad",55,ida,Ida,1778753100,some,',
        "mill,2,Smoke #Velgrad,56,nils,Nils,1778753160,7,",
    ]
    file = newsroom.write("export.csv", "\n".join([head, *rows]) + "\n")
    newsroom.run("replay", file)
    ran = resend(newsroom, "--all", "--file", file)
    assert ran.code == 1
    assert "still fails: expected a whole number for views, came 'some'" in ran.out


def test_a_mapping_with_its_own_header_needs_no_file(newsroom: Newsroom, rejected: DeadLetter) -> None:
    mended = newsroom.write("mended.yaml", MENDED + "header: [post, words, who, when]\n")
    assert resend(newsroom, "--all", "--mapping", mended).code == 0
    assert len(newsroom.rows("posts")) == 2


def test_what_still_fails_stays(newsroom: Newsroom, rejected: DeadLetter) -> None:
    broken = newsroom.folder / "broken.yaml"
    ran = resend(newsroom, "--all", "--mapping", broken, "--file", newsroom.folder / "rows.csv")
    assert ran.code == 1
    assert f"{rejected.id} still fails: expected a time" in ran.out
    assert [letter.id for letter in newsroom.letters()] == [rejected.id]
    without_file = resend(newsroom, "--all", "--mapping", broken)
    assert without_file.code == 2
    assert "--file" in without_file.err


def test_all_of_one_file_leaves_the_others(newsroom: Newsroom, rejected: DeadLetter) -> None:
    newsroom.run("replay", newsroom.write("posts.jsonl", [b"notes"]))
    mended = newsroom.write("mended.yaml", MENDED)
    ran = resend(newsroom, "--all", "--mapping", mended, "--file", newsroom.folder / "rows.csv", "--watch", "velgrad")
    assert ran.code == 0, ran
    assert [letter.source for letter in newsroom.letters()] == ["posts.jsonl:1"]


def test_what_no_watch_takes_stays(newsroom: Newsroom) -> None:
    rows = ROWS.replace("#Velgrad", "#Elsewhere")
    newsroom.run("replay", newsroom.write("rows.csv", rows), "--mapping", newsroom.write("broken.yaml", BROKEN))
    file, mended = newsroom.folder / "rows.csv", newsroom.write("mended.yaml", MENDED)
    ran = resend(newsroom, "--all", "--mapping", mended, "--file", file)
    assert ran.code == 1
    assert "no watch takes it; say which it belongs to with --watch" in ran.out
    assert len(newsroom.letters()) == 1
    unknown = resend(newsroom, "--all", "--mapping", mended, "--file", file, "--watch", "mill")
    assert unknown.code == 2
    assert "no watch named 'mill'" in unknown.err


def test_a_letter_of_a_stage_that_fails_again_stays(newsroom: Newsroom) -> None:
    ran = newsroom.run("replay", newsroom.write("posts.jsonl", [post(1, uid="plaza:" + "9" * 600), post(2)]))
    assert ran.code == 1, "something to look at"
    assert "Stages refused some of what was sent: 1 dead letter.\nSee why: secondsource dead-letters list" in ran.out
    (letter,) = newsroom.letters()
    assert letter.stage == "enrich"
    for _ in range(2):
        ran = resend(newsroom, "--all")
        assert ran.code == 1
        assert "still fails: expected an id of 1 to 500 characters" in ran.out
        assert len(newsroom.letters()) == 1


def test_a_letter_of_a_topic_takes_the_whole_way(newsroom: Newsroom) -> None:
    """As after a bug is mended: the record was good, a stage refused it."""
    newsroom.run("replay", newsroom.write("posts.jsonl", [post(1, uid="plaza:" + "9" * 600), post(2)]))
    (letter,) = newsroom.letters()
    good = letter.body.replace(b"plaza:" + b"9" * 600, b"plaza:7")
    with newsroom.store() as store, store.database.writing() as connection:
        connection.exec_driver_sql("UPDATE dead_letters SET body = ?", (good,))
    ran = resend(newsroom, letter.id)
    assert ran.code == 0, ran
    assert newsroom.letters() == []
    assert {row["uid"] for row in newsroom.rows("posts")} == {"plaza:2", "plaza:7"}


@pytest.mark.kafka
def test_over_kafka_a_letter_is_sent_again_too(tmp_path: Path, kafka_broker: str) -> None:
    settings = f"transport: kafka\nkafka: {{bootstrap: '{kafka_broker}', prefix: r{uuid4().hex[:8]}, partitions: 1}}\n"
    newsroom = Newsroom(tmp_path, settings=settings)
    file, mended = newsroom.write("rows.csv", ROWS), newsroom.write("mended.yaml", MENDED)
    with newsroom.start("run", "enrich", "alerts", "store") as stages:
        try:
            ran = newsroom.run("replay", file, "--mapping", newsroom.write("broken.yaml", BROKEN), "--watch", "velgrad")
            assert ran.code == 1, ran
            until(lambda: len(newsroom.letters()) == 1, "the letter to be kept")
            ran = resend(newsroom, "--all", "--mapping", mended, "--file", file, "--watch", "velgrad")
            assert ran.code == 0, ran
            assert newsroom.letters() == []
            until(lambda: len(newsroom.rows("posts")) == 2, "the row to be kept")
        finally:
            stages.kill()
