from __future__ import annotations

from pathlib import Path

import pytest

import ingest.collectors
from config.loader import BUILT_IN, STORE_URL, Configuration, load, problems, reload
from config.problem import WrongFiles
from config.schema import COLLECTORS
from secondsource.contracts.secret import Secret
from secondsource.contracts.watch import Thresholds, Watch
from tests.config.folders import GOOD_WATCH, folder_of

SAMPLE = BUILT_IN


def test_the_sample_works_with_nothing_configured() -> None:
    configuration = load(SAMPLE, {})
    assert configuration.deployment.transport == "inline"
    assert configuration.store_url == "sqlite:///secondsource.sqlite"
    assert configuration.deployment.notify.console
    assert [(service.name, service.on) for service in configuration.services] == [("x", False), ("slack", False)]
    assert all("to turn it on" in service.how for service in configuration.services)


def test_the_sample_watches_aleppo_in_two_scripts() -> None:
    (watch,) = load(SAMPLE, {}).watches
    assert watch.name == "aleppo"
    assert {"Aleppo", "حلب", "حلب_تحترق"} <= set(watch.hashtags)
    assert watch.languages == ("en", "ar")
    assert watch.thresholds == Thresholds()


def test_an_empty_settings_file_is_the_same_as_none(tmp_path: Path) -> None:
    without = load(folder_of(tmp_path, {}), {})
    assert load(folder_of(tmp_path, {"secondsource.yaml": ""}), {}) == without


def test_a_watch_in_full(tmp_path: Path) -> None:
    text = """
watches:
  - name: velgrad
    hashtags: [Velgrad, Velgrad]
    keywords: {all: [harbour], any: [crane, "2014"], none: [giveaway]}
    phrases: [Karst Bridge]
    accounts: [velgrad_port]
    languages: [no, en]
    collectors: [x]
    thresholds:
      min_interactions: 5
      max_surprise: 0.01
      min_history: 20
      independent_origins: 3
      story_hours: 24
      lateness_seconds: 0
    slack_channel: C0123456789
"""
    (watch,) = load(folder_of(tmp_path, {"watches/w.yaml": text}), {}).watches
    assert watch == Watch(
        name="velgrad",
        hashtags=("Velgrad",),
        all_of=("harbour",),
        any_of=("crane", "2014"),
        none_of=("giveaway",),
        phrases=("Karst Bridge",),
        accounts=("velgrad_port",),
        languages=("no", "en"),
        collectors=("x",),
        slack_channel="C0123456789",
        thresholds=Thresholds(
            min_interactions=5,
            max_surprise=0.01,
            min_history=20,
            independent_origins=3.0,
            story_hours=24.0,
            lateness_seconds=0.0,
        ),
    )


def test_watches_come_in_the_order_of_their_names_whatever_the_files(tmp_path: Path) -> None:
    files = {"watches/w.yaml": GOOD_WATCH.replace("ok", "zebra"), "watches/x.yml": GOOD_WATCH.replace("ok", "adder")}
    assert [watch.name for watch in load(folder_of(tmp_path, files), {}).watches] == ["adder", "zebra"]


def test_all_files_are_told_of_at_once(tmp_path: Path) -> None:
    files = {
        "secondsource.yaml": "transport: nope\n",
        "watches/a.yaml": "watches:\n\t- x\n",
        "watches/b.yaml": GOOD_WATCH.replace("hashtags", "hashtag"),
        "watches/c.yaml": GOOD_WATCH,
    }
    said = problems(folder_of(tmp_path, files), {})
    assert [Path(problem.file).name for problem in said] == [
        "secondsource.yaml",
        "a.yaml",
        "b.yaml",
        "c.yaml",
        "w.yaml",
    ][: len(said)] or {Path(problem.file).name for problem in said} >= {"secondsource.yaml", "a.yaml", "b.yaml"}
    assert any("already a watch named ok" in problem.what for problem in said)


def test_files_that_are_not_yaml_are_let_be(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {"watches/README.md": "# not yaml: [", "watches/.w.yaml.swp": b"\x00\xff"}
    assert load(folder_of(tmp_path, files), {}).watches


@pytest.mark.parametrize("missing", ["folder", "watches"])
def test_nothing_there(missing: str, tmp_path: Path) -> None:
    folder = tmp_path / "config"
    if missing == "watches":
        folder.mkdir()
    (problem,) = problems(folder, {})
    assert "there is no" in problem.what
    assert problem.line == 0


def test_secrets_come_from_the_environment(tmp_path: Path) -> None:
    settings = """
transport: kafka
store: {url_env: DB}
collectors: {x: {enabled: true, approved_use_case: Newsroom verification, token_env: X}}
notify: {slack: {token_env: S}}
kafka: {security_protocol: SASL_SSL, sasl_username: me, sasl_password_env: K}
"""
    watch = GOOD_WATCH + "    slack_channel: C0123456789\n"
    folder = folder_of(tmp_path, {"secondsource.yaml": settings, "watches/w.yaml": watch})
    found = load(folder, {"DB": "postgresql+psycopg://me:pw@db/x", "X": "xt", "S": "st", "K": "kt"})
    assert found.store_url == "postgresql+psycopg://me:pw@db/x"
    assert (found.x_token, found.slack_token, found.kafka_password) == (Secret("xt"), Secret("st"), Secret("kt"))
    assert [(service.name, service.on) for service in found.services] == [("x", True), ("slack", True)]
    for shown in (repr(found), str(found)):
        assert not any(secret in shown for secret in ("pw@", "'xt'", "'st'", "'kt'"))


def test_secrets_come_from_files(tmp_path: Path) -> None:
    settings = "notify: {slack: {token_file: slack-token}}\n"
    folder = folder_of(tmp_path, {"secondsource.yaml": settings, "slack-token": "xoxb-1\n"})
    token = load(folder, {}).slack_token
    assert token is not None
    assert token.reveal() == "xoxb-1"


@pytest.mark.parametrize(("body", "what"), [(b"", "is empty"), (b"\n \n", "is empty"), (b"\xff\xfe", "as text")])
def test_a_secret_file_without_a_secret(body: bytes, what: str, tmp_path: Path) -> None:
    settings = "notify: {slack: {token_file: slack-token}}\n"
    (problem,) = problems(folder_of(tmp_path, {"secondsource.yaml": settings, "slack-token": body}), {})
    assert what in problem.what
    assert problem.key == "notify.slack.token_file"


def test_the_environment_wins(tmp_path: Path) -> None:
    folder = folder_of(
        tmp_path, {"secondsource.yaml": "metrics: {port: 1, address: 0.0.0.0}\nstore: {url: sqlite:///a}\n"}
    )
    environ = {
        "SECONDSOURCE_METRICS_PORT": "9999",
        "SECONDSOURCE_TRANSPORT": "kafka",
        "SECONDSOURCE_KAFKA_BOOTSTRAP": "broker:1",
        "SECONDSOURCE_DESK_PUBLIC_URL": "https://desk.example.org",
        STORE_URL: "sqlite:///b",
        "SECONDSOURCE_CACHE": "/somewhere",
    }
    found = load(folder, environ)
    assert (found.deployment.metrics.port, found.deployment.metrics.address) == (9999, "0.0.0.0")
    assert found.deployment.transport == "kafka"
    assert found.deployment.kafka.bootstrap == "broker:1"
    assert found.deployment.desk.public_url == "https://desk.example.org"
    assert found.store_url == "sqlite:///b"


WRONG_ENVIRONMENTS = {
    "SECONDSOURCE_METRICS_PORT=9x": 'metrics.port: expected a whole number, came "9x"; write instead port: 9380',
    "SECONDSOURCE_TRANSPORT=kafak": """transport: must be 'inline' or 'kafka', came "kafak"; write instead kafka""",
    "SECONDSOURCE_STORE_URI=x": (
        "SECONDSOURCE_STORE_URI: no such setting is read from the environment; write instead SECONDSOURCE_STORE_URL"
    ),
    "SECONDSOURCE_STORE_URL=mysql://me:pw@db": (
        "SECONDSOURCE_STORE_URL: neither SQLite nor PostgreSQL; "
        "write instead sqlite:///secondsource.sqlite or postgresql+psycopg://host/name"
    ),
}


@pytest.mark.parametrize("given", WRONG_ENVIRONMENTS)
def test_a_wrong_environment(given: str, tmp_path: Path) -> None:
    name, _, value = given.partition("=")
    (problem,) = problems(folder_of(tmp_path, {}), {name: value})
    assert str(problem).partition(" ")[2] == WRONG_ENVIRONMENTS[given]


def test_a_bad_edit_never_replaces_a_good_configuration(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, {})
    first = load(folder, {})
    folder_of(tmp_path, {"watches/w.yaml": GOOD_WATCH.replace("[V]", "['#V']")})
    kept, said = reload(first, folder, {})
    assert kept is first
    assert [problem.key for problem in said] == ["watches[0].hashtags[0]"]
    folder_of(tmp_path, {"watches/w.yaml": GOOD_WATCH.replace("[V]", "[W]")})
    fresh, said = reload(first, folder, {})
    assert not said
    assert isinstance(fresh, Configuration)
    assert fresh.watches[0].hashtags == ("W",)


def test_the_error_carries_the_problems(tmp_path: Path) -> None:
    with pytest.raises(WrongFiles) as raised:
        load(folder_of(tmp_path, {"secondsource.yaml": "x: 1\ny: 2\n"}), {})
    assert [problem._asdict()["line"] for problem in raised.value.problems] == [1, 2]


def test_watches_may_name_the_collectors_there_are() -> None:
    assert {kind.name for kind in ingest.collectors.LIVE} | {"replay"} <= set(COLLECTORS)
