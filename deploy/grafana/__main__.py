"""Writes the boards: `python -m deploy.grafana`. Edit newsroom.py, pipeline.py or queries/, run it, commit both.

Classic JSON, schemaVersion 41, is what Grafana 11, 12 and 13 load from files. A test holds the files to their source,
and runs every query on real servers.
"""

from __future__ import annotations

import json
from pathlib import Path

from deploy.grafana.newsroom import newsroom
from deploy.grafana.pipeline import pipeline

FOLDER = Path(__file__).parent / "dashboards"


def files() -> dict[Path, str]:
    """What the committed files hold."""
    boards = {"newsroom": newsroom(), "pipeline": pipeline()}
    return {
        FOLDER / f"{name}.json": json.dumps(content, indent=2, ensure_ascii=False) + "\n"
        for name, content in boards.items()
    }


if __name__ == "__main__":
    for path, text in files().items():
        path.write_text(text, encoding="utf-8")
