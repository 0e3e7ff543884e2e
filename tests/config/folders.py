"""Configuration folders to try things on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

GOOD_WATCH = "watches:\n  - name: ok\n    hashtags: [V]\n"


def folder_of(root: Path, files: Mapping[str, str | bytes]) -> Path:
    """A configuration with one good watch, and these files over it."""
    for name, body in {"watches/w.yaml": GOOD_WATCH, **files}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body.encode() if isinstance(body, str) else body)
    return root
