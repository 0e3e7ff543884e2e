"""Configuration folders to try things on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from config import loader
from config.loader import Configuration
from config.problem import Problem
from secondsource.contracts.errors import BadConfiguration
from secondsource.contracts.secret import Secret
from secondsource.contracts.settings import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketSettings:
    """A platform that wants a key and a sentence."""

    enabled: bool = setting(False, "Follow Market.", example=True)
    purpose: str = setting("", "What for.", example="Newsroom verification", at_most=50)
    token: Secret | None = setting(None, "The key Market gives.", example="MARKET_TOKEN")
    base_url: str = setting("https://market.example", "Where Market is.", pattern=r"https?://\S+")

    def off(self) -> str:
        if not self.enabled:
            return "off; to turn it on: enabled: true, purpose:, token_env:"
        return "" if self.purpose and self.token else "off until purpose: and token_env: are given"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stall:
    """One of Plaza's places."""

    host: str = setting("", "Its host.", example="plaza.example", pattern=r"[a-z.]+")
    topics: tuple[str, ...] = setting((), "What to ask it for.", example=("bridge",), at_most=3)
    key: Secret | None = setting(None, "Its key.")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlazaSettings:
    enabled: bool = setting(True, "Follow Plaza.")
    every_seconds: float = setting(60.0, "How often it is asked.", at_least=1, at_most=3600)
    pages: int = setting(3, "How far back.", at_least=1)
    stalls: tuple[Stall, ...] = setting((Stall(host="plaza.example"),), "Its places.", at_least=1, at_most=9)

    def __post_init__(self) -> None:
        if len({stall.host for stall in self.stalls}) < len(self.stalls):
            raise BadConfiguration("the same host stands twice under stalls:")

    def off(self) -> str:
        return "" if self.enabled else "off; enabled: true turns it on"


COLLECTORS = {"plaza": PlazaSettings, "market": MarketSettings}


def load(folder: Path, environ: Mapping[str, str]) -> Configuration:
    """As a product with these two collectors would."""
    return loader.load(folder, environ, COLLECTORS)


def problems(folder: Path, environ: Mapping[str, str]) -> list[Problem]:
    return loader.problems(folder, environ, COLLECTORS)


GOOD_WATCH = "watches:\n  - name: ok\n    hashtags: [V]\n"


def folder_of(root: Path, files: Mapping[str, str | bytes]) -> Path:
    """A configuration with one good watch, and these files over it."""
    for name, body in {"watches/w.yaml": GOOD_WATCH, **files}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body.encode() if isinstance(body, str) else body)
    return root
