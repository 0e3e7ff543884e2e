"""Makes what deploy/compose.yaml reads from deploy/secrets: `python3 deploy/first_secrets.py`. Needs nothing of ours.

Passwords are drawn at random; what is there already is kept. Tokens of services you have not got stay empty files, and
the service stays off.
"""

from __future__ import annotations

import secrets
import sys
from pathlib import Path

FOLDER = Path(__file__).parent / "secrets"
PASSWORDS = ("postgres_password", "grafana_admin_password", "grafana_database_password")
TOKENS = {
    "slack_bot_token": "the bot that tells newsrooms of alerts (xoxb-…)",
    "slack_app_token": "the same app's own token (xapp-…), so that buttons are heard over Socket Mode",
    "slack_signing_secret": "the same app's, if Slack can reach port 8381 of notify through a proxy of yours",
    "slack_ops_webhook": "the incoming webhook that tells ops when Second Source is unwell (https://hooks.slack.com/…)",
    "x_bearer_token": "X, once collectors.x is enabled in deploy/config/secondsource.yaml",
}


def write(folder: Path) -> list[str]:
    """Make what is missing; returns the names of the tokens that are still empty."""
    # Containers read these as users of their own, so the files are open and the folder is not.
    folder.mkdir(mode=0o700, exist_ok=True)
    folder.chmod(0o700)
    for name in PASSWORDS:
        _keep(folder / name, secrets.token_urlsafe(24))
    password = (folder / "postgres_password").read_text(encoding="ascii").strip()
    _keep(folder / "database_url", f"postgresql+psycopg://secondsource:{password}@postgres:5432/secondsource")
    for name in TOKENS:
        _keep(folder / name, "")
    return [name for name in TOKENS if not (folder / name).read_text(encoding="utf-8").strip()]


def _keep(path: Path, content: str) -> None:
    if not path.exists():
        path.write_text(content, encoding="utf-8")
    path.chmod(0o444 if content else 0o644)


if __name__ == "__main__":
    for empty in write(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER):
        sys.stdout.write(f"{FOLDER.name}/{empty} is empty: {TOKENS[empty]}\n")
