"""What the start says of where analysts can act, and where they can."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from config.acting import desk_takes_acts
from config.schema import Desk
from tests.config.folders import folder_of, load, problems

BOTH = "notify: {slack: {token_env: T, app_token_env: A, signing_secret_env: S}}\n"


def said(tmp_path: Path, settings: str, environ: Mapping[str, str]) -> dict[str, tuple[bool, str]]:
    found = load(folder_of(tmp_path, {"secondsource.yaml": settings}), environ)
    return {service.name: (service.on, service.how) for service in found.services}


@pytest.mark.parametrize(
    ("settings", "environ", "on", "words"),
    [
        (BOTH, {"T": "xoxb-t", "A": "a"}, True, "Socket Mode"),
        (BOTH, {"T": "xoxb-t", "S": "s"}, True, "http://127.0.0.1:8381/slack/interactions"),
        (BOTH, {"T": "xoxb-t", "A": "a", "S": "s"}, True, "Socket Mode) and by signed requests"),
        (BOTH, {"A": "a"}, False, "no bot token"),
        (BOTH, {"T": "xoxb-t"}, False, "to turn them on: export A=xapp-… or S=…"),
        ("transport: inline\n", {}, False, "notify.slack.app_token_env: SLACK_APP_TOKEN in secondsource.yaml"),
    ],
)
def test_buttons_are_on_or_say_how(
    tmp_path: Path, settings: str, environ: Mapping[str, str], on: bool, words: str
) -> None:
    is_on, how = said(tmp_path, settings, environ)["slack buttons"]
    assert is_on is on
    assert words in how
    assert "export A=xapp-…, and" not in how


@pytest.mark.parametrize(
    ("host", "acts", "taken"),
    [
        ("127.0.0.1", None, True),
        ("localhost", None, True),
        ("::1", None, True),
        ("0.0.0.0", None, False),
        ("desk.example.org", None, False),
        ("0.0.0.0", True, True),
        ("127.0.0.1", False, False),
    ],
)
def test_the_desk_takes_acts_of_this_machine_unless_it_is_told_otherwise(
    host: str, acts: bool | None, taken: bool
) -> None:
    assert desk_takes_acts(Desk(host=host, acts=acts)) is taken


def test_how_to_turn_it_on_is_said(tmp_path: Path) -> None:
    on, how = said(tmp_path, "desk: {host: 0.0.0.0}\n", {})["acts on the desk"]
    assert not on
    assert "desk.acts: true" in how


def test_secrets_from_files(tmp_path: Path) -> None:
    files = {
        "secondsource.yaml": "notify: {slack: {app_token_file: app, signing_secret_file: sign}}\n",
        "app": "xapp-1\n",
        "sign": "s3\n",
    }
    found = load(folder_of(tmp_path, files), {})
    assert found.slack_app_token is not None
    assert found.slack_signing_secret is not None
    assert (found.slack_app_token.reveal(), found.slack_signing_secret.reveal()) == ("xapp-1", "s3")
    assert "xapp-1" not in repr(found)


def test_a_secret_in_the_clear_and_a_file_that_is_missing_are_said(tmp_path: Path) -> None:
    settings = "notify: {slack: {app_token_env: xapp-1-A0-123}}\n"
    (problem,) = problems(folder_of(tmp_path, {"secondsource.yaml": settings}), {})
    assert "a Slack token stands here in the clear" in problem.what
    assert "123" not in str(problem)
    settings = "notify: {slack: {signing_secret_file: nowhere}}\n"
    (problem,) = problems(folder_of(tmp_path, {"secondsource.yaml": settings}), {})
    assert problem.key == "notify.slack.signing_secret_file"


@pytest.mark.parametrize(
    ("address", "wrong"),
    [
        ("https://grafana.example/d/1?var-watch={watch}&from=now-6h", ""),
        ("https://wiki.example/{rule}/{watch}", ""),
        ("https://wiki.example/{alert}", "{alert} stands for nothing"),
        ("https://wiki.example/{", "{ stands for nothing"),
        ("wiki.example", "not an http(s) address"),
        ("javascript:alert(1)", "not an http(s) address"),
    ],
)
def test_addresses_of_board_and_runbook(tmp_path: Path, address: str, wrong: str) -> None:
    settings = f"notify: {{runbook_url: '{address}'}}\n"
    found = problems(folder_of(tmp_path, {"secondsource.yaml": settings}), {})
    assert [problem.what for problem in found] == [] if not wrong else wrong in found[0].what
