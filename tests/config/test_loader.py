"""A folder of YAML and the environment become settings, or every problem in them is told at once."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from config.loader import BUILT_IN, STORE_URL
from config.problem import WrongFiles
from config.sections import section
from secondsource.app import configuring
from secondsource.contracts.secret import Secret
from secondsource.contracts.settings import setting
from secondsource.contracts.watch import Thresholds, Watch
from tests.config.folders import GOOD_WATCH, MarketSettings, PlazaSettings, Stall, folder_of, load, problems

SAMPLE = BUILT_IN


def test_the_sample_works_with_nothing_configured() -> None:
    configuration = configuring.load(SAMPLE, {})
    assert configuration.deployment.transport == "inline"
    assert configuration.store_url == "sqlite:///secondsource.sqlite"
    assert configuration.deployment.notify.console
    on = {service.name: service.on for service in configuration.services}
    assert on["bluesky"], "without a key"
    assert on["feeds"]
    assert not on["x"], "until the operator says so"
    assert not on["slack"]
    assert all(service.how for service in configuration.services)


def test_the_sample_watches_aleppo_in_two_scripts() -> None:
    (watch,) = configuring.load(SAMPLE, {}).watches
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
    collectors: [market]
    thresholds:
      min_interactions: 5
      max_surprise: 0.01
      min_history: 20
      independent_origins: 3
      story_hours: 24
      lateness_seconds: 0
      recycled_days: 7
      coordinated_accounts: 3
      coordinated_share: 0.5
      removed_share: 0.1
      leading_share: 0.4
      alerts_per_hour: 2
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
        collectors=("market",),
        slack_channel="C0123456789",
        thresholds=Thresholds(
            min_interactions=5,
            max_surprise=0.01,
            min_history=20,
            independent_origins=3.0,
            story_hours=24.0,
            lateness_seconds=0.0,
            recycled_days=7.0,
            coordinated_accounts=3,
            coordinated_share=0.5,
            removed_share=0.1,
            leading_share=0.4,
            alerts_per_hour=2,
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
collectors: {market: {enabled: true, purpose: Newsroom verification, token_env: X}}
notify: {slack: {token_env: S, app_token_env: A, signing_secret_env: G}}
desk: {host: 0.0.0.0}
kafka: {security_protocol: SASL_SSL, sasl_username: me, sasl_password_env: K}
"""
    watch = GOOD_WATCH + "    slack_channel: C0123456789\n"
    folder = folder_of(tmp_path, {"secondsource.yaml": settings, "watches/w.yaml": watch})
    found = load(folder, {"DB": "postgresql+psycopg://me:pw@db/x", "X": "xt", "S": "xoxb-st", "K": "kt", "A": "at"})
    assert found.store_url == "postgresql+psycopg://me:pw@db/x"
    assert found.collectors["market"].token == Secret("xt")
    assert (found.slack_token, found.kafka_password) == (Secret("xoxb-st"), Secret("kt"))
    assert (found.slack_app_token, found.slack_signing_secret) == (Secret("at"), None)
    on = [(service.name, service.on) for service in found.services]
    assert on[:3] == [("plaza", True), ("market", True), ("slack", True)]
    assert on[3:] == [("slack buttons", True), ("acts on the desk", False)]
    for shown in (repr(found), str(found)):
        assert not any(secret in shown for secret in ("pw@", "'xt'", "xoxb-st", "'kt'", "'at'"))


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


@pytest.mark.parametrize("token", ["abc…", "Bearer abc", "ключ", "abc\u200b"])
@pytest.mark.parametrize("where", ["env", "file"])
def test_a_token_that_no_header_could_hold(where: str, token: str, tmp_path: Path) -> None:
    settings = f"collectors: {{market: {{enabled: true, purpose: tests, token_{where}: MARKET}}}}\n"
    folder = folder_of(tmp_path, {"secondsource.yaml": settings, "MARKET": token + "\n"})
    (problem,) = problems(folder, {"MARKET": token})
    assert problem.key == f"collectors.market.token_{where}"
    assert (problem.line, token not in str(problem)) == (1, True)


def test_a_password_may_be_in_any_letters_and_a_file_begin_with_a_mark(tmp_path: Path) -> None:
    settings = """
transport: kafka
kafka: {security_protocol: SASL_SSL, sasl_username: me, sasl_password_env: K}
notify: {slack: {token_file: slack-token}}
"""
    body = b"\xef\xbb\xbfxoxb-1\r\n"
    folder = folder_of(tmp_path, {"secondsource.yaml": settings, "slack-token": body})
    found = load(folder, {"K": "пароль"})
    assert (found.kafka_password, found.slack_token) == (Secret("пароль"), Secret("xoxb-1"))


@pytest.mark.parametrize(("folder", "what"), [("sources", "no file of the registry"), ("cues", "no file of cues")])
def test_a_folder_of_ones_own_with_nothing_in_it_is_no_registry_and_no_cues(
    folder: str, what: str, tmp_path: Path
) -> None:
    settings = "enrich: {cues: cues}\n" if folder == "cues" else ""
    written = {"secondsource.yaml": settings, f"{folder}/notes.txt": "to be done", f"{folder}/.en.yaml": "x"}
    (problem,) = problems(folder_of(tmp_path, written), {})
    assert (problem.file, what in problem.what) == (str(tmp_path / folder), True)


LONG = "a" * 300


@pytest.mark.parametrize(
    ("key", "settings"),
    [
        ("notify.slack.token_file", f"notify: {{slack: {{token_file: {LONG}}}}}"),
        ("notify.webhooks.desk.url_file", f"notify: {{webhooks: {{desk: {{url_file: {LONG}}}}}}}"),
        ("collectors.market.token_file", f"collectors: {{market: {{token_file: {LONG}}}}}"),
        ("kafka.ssl_ca_file", f"kafka: {{ssl_ca_file: {LONG}}}"),
        ("enrich.cues", f"enrich: {{cues: {LONG}}}"),
        ("enrich.media.roots[0]", f"enrich: {{media: {{roots: [{LONG}]}}}}"),
        ("stories.model", f"stories: {{model: {LONG}}}"),
    ],
)
def test_a_path_that_cannot_be_looked_at_is_told_with_its_place(key: str, settings: str, tmp_path: Path) -> None:
    """Longer than any name may be; so too where nobody lets us in."""
    (problem,) = problems(folder_of(tmp_path, {"secondsource.yaml": settings}), {})
    assert (problem.key, problem.line) == (key, 1)
    assert problem.what.endswith("cannot be read: File name too long")


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
    "SECONDSOURCE_TRANSPROT=kafka": (
        "SECONDSOURCE_TRANSPROT: no such setting is read from the environment; write instead SECONDSOURCE_TRANSPORT"
    ),
    "SECONDSOURCE_STOREURL=x": (
        "SECONDSOURCE_STOREURL: no such setting is read from the environment; write instead SECONDSOURCE_STORE_URL"
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


def test_a_variable_that_the_file_names_may_be_called_like_a_setting(tmp_path: Path) -> None:
    settings = "store: {url_env: SECONDSOURCE_STORE_DATABASE}\n"
    folder = folder_of(tmp_path, {"secondsource.yaml": settings})
    environ = {"SECONDSOURCE_STORE_DATABASE": "sqlite:///a", "SECONDSOURCE_CONFIG": "x", "SECONDSOURCE_CACHE": "y"}
    assert load(folder, environ).store_url == "sqlite:///a"


def test_the_error_carries_the_problems(tmp_path: Path) -> None:
    with pytest.raises(WrongFiles) as raised:
        load(folder_of(tmp_path, {"secondsource.yaml": "x: 1\ny: 2\n"}), {})
    assert [problem._asdict()["line"] for problem in raised.value.problems] == [1, 2]


def test_watches_may_name_the_collectors_there_are_and_the_replay(tmp_path: Path) -> None:
    watch = GOOD_WATCH + "    collectors: [market, replay]\n"
    (found,) = load(folder_of(tmp_path, {"watches/w.yaml": watch}), {}).watches
    assert found.collectors == ("market", "replay")


# --- collectors' settings --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("named", "how"),
    [
        ("[market]", "off; nobody follows it live: it names market, which is off"),
        ("[market, replay]", "off; nobody follows it live: it names market, which is off"),
        ("[replay]", "off; it names replay alone, so nobody follows it live"),
        ("[market, plaza]", None),
        ("[]", None),
    ],
)
def test_a_watch_that_nobody_follows_is_told(named: str, how: str | None, tmp_path: Path) -> None:
    folder = folder_of(tmp_path, {"watches/w.yaml": GOOD_WATCH + f"    collectors: {named}\n"})
    told = {service.name: service.how for service in load(folder, {}).services}
    assert told.get("watch ok") == how


def test_what_is_not_written_is_as_the_collector_says(tmp_path: Path) -> None:
    found = load(folder_of(tmp_path, {}), {})
    assert found.collectors == {"plaza": PlazaSettings(), "market": MarketSettings()}
    plaza, market, *_ = found.services
    assert plaza == ("plaza", True, "by default; to turn it off: collectors.plaza.enabled: false in secondsource.yaml")
    assert market == ("market", False, "off; to turn it on: enabled: true, purpose:, token_env:")


def test_what_is_written_reaches_the_collector(tmp_path: Path) -> None:
    text = """
collectors:
  plaza:
    every_seconds: 5
    stalls:
      - {host: east.example, topics: [bridge, mill], key_env: EAST}
      - {host: west.example, key_file: west-key}
"""
    folder = folder_of(tmp_path, {"secondsource.yaml": text, "west-key": "w-1\n"})
    found = load(folder, {"EAST": "e-1"})
    east = Stall(host="east.example", topics=("bridge", "mill"), key=Secret("e-1"))
    assert found.collectors["plaza"] == PlazaSettings(
        every_seconds=5, stalls=(east, Stall(host="west.example", key=Secret("w-1")))
    )
    assert "e-1" not in repr(found)


def test_a_collector_that_is_off_needs_no_secret(tmp_path: Path) -> None:
    text = "collectors: {market: {enabled: false, token_env: NOT_SET}}\n"
    assert not problems(folder_of(tmp_path, {"secondsource.yaml": text}), {})


@pytest.mark.parametrize("bad", [("x", "plain"), ("y", 1.5), ("z", ())])
def test_settings_that_cannot_be_keys_are_refused(bad: tuple[str, object]) -> None:
    name, default = bad
    kind = {"x": str, "y": complex, "z": tuple[int, ...]}[name]
    field = dataclasses.field(default=default) if name == "x" else setting(default, "What.")
    made = dataclasses.make_dataclass("Made", [(name, kind, field)])
    with pytest.raises(TypeError, match="setting"):
        section("Made", made)
