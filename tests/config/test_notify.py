"""Who is told beside Slack: read from YAML, its secrets from elsewhere, and reported at start."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.loader import WebhookSecrets
from secondsource.contracts.secret import Secret
from tests.config.folders import GOOD_WATCH, folder_of, load, problems

SETTINGS = """
notify:
  webhooks:
    desk: {url_env: DESK_URL, secret_file: desk-secret}
    wall: {url: "http://wall.velgrad.example/alerts", inside: true}
  email:
    host: smtp.example.org
    user: desk
    password_env: SMTP_PASSWORD
    address: alerts@example.org
    lists: {night: [ana@example.org, ben@example.org], day: [cid@example.org]}
"""
WATCH = GOOD_WATCH + '    notify: ["webhook:desk", "email:night", "webhook:desk"]\n'
ENVIRON = {"DESK_URL": "https://hooks.example.org/t0ken", "SMTP_PASSWORD": "pa55"}


@pytest.mark.parametrize("token", ["xoxp-1", "xapp-1-A0", "A0123456789", "Bearer xoxb-1", "xoxb-1…", "xoxb-1 2"])
def test_what_cannot_be_a_bot_token_is_refused_and_not_repeated(tmp_path: Path, token: str) -> None:
    by_variable = folder_of(tmp_path / "a", {"secondsource.yaml": "notify: {slack: {token_env: T}}\n"})
    by_file = folder_of(
        tmp_path / "b", {"secondsource.yaml": "notify: {slack: {token_file: slack}}\n", "slack": f"{token}\n"}
    )
    for folder, key in ((by_variable, "token_env"), (by_file, "token_file")):
        (problem,) = problems(folder, {"T": token})
        assert problem.key == f"notify.slack.{key}"
        assert "xoxb-" in str(problem)
        assert token not in str(problem)


def test_webhooks_and_mail_with_their_secrets(tmp_path: Path) -> None:
    files = {"secondsource.yaml": SETTINGS, "watches/w.yaml": WATCH, "desk-secret": "whsec_s1gn\n"}
    found = load(folder_of(tmp_path, files), ENVIRON)
    assert found.watches[0].notify == ("webhook:desk", "email:night")
    assert found.webhooks == {
        "desk": WebhookSecrets(Secret("https://hooks.example.org/t0ken"), Secret("whsec_s1gn")),
        "wall": WebhookSecrets(Secret("http://wall.velgrad.example/alerts"), None),
    }
    assert found.email_password == Secret("pa55")
    assert not any(secret in repr(found) for secret in ("t0ken", "s1gn", "pa55"))
    said = {service.name: (service.on, service.how) for service in found.services}
    assert said["webhook desk"] == (True, "told by ok")
    assert said["webhook wall"] == (False, "off; no watch has notify: [webhook:wall]")
    assert said["email night"] == (True, "told by ok")
    assert said["email day"][0] is False


def test_without_them_nothing_is_asked_for(tmp_path: Path) -> None:
    found = load(folder_of(tmp_path, {}), {})
    assert (found.webhooks, found.email_password, found.watches[0].notify) == ({}, None, ())


def test_messages_that_are_not_signed_are_said_so(tmp_path: Path) -> None:
    watch = GOOD_WATCH + '    notify: ["webhook:wall"]\n'
    settings = 'notify: {webhooks: {wall: {url: "https://wall.example.org"}}}\n'
    found = load(folder_of(tmp_path, {"secondsource.yaml": settings, "watches/w.yaml": watch}), {})
    (how,) = [service.how for service in found.services if service.name == "webhook wall"]
    assert "not signed" in how


@pytest.mark.parametrize("url", ["https://[", "https://hooks.example:99999/a", "hooks.example/a"])
def test_an_address_in_the_environment_that_leads_nowhere_is_refused_and_not_repeated(tmp_path: Path, url: str) -> None:
    settings = "notify: {webhooks: {desk: {url_env: DESK}}}\n"
    (problem,) = problems(folder_of(tmp_path, {"secondsource.yaml": settings}), {"DESK": url})
    assert problem.key == "notify.webhooks.desk.url_env"
    assert "no http(s) address" in problem.what
    assert url not in str(problem)
