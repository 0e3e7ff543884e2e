"""JSON Schemas for editors, written from the models: a YAML file names its own in its first line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from config.mappings import Mapping as ColumnMapping
from config.schema import REPLAY, WatchFile
from config.sections import Settings, deployment
from config.sources import SourceFile


def schemas(collectors: Mapping[str, Settings]) -> dict[str, str]:
    """File name → text, the same for the same models. `collectors` are the settings of those there are, by name."""
    models = {
        "watch.schema.json": WatchFile.model_json_schema(),
        "secondsource.schema.json": deployment(collectors).model_json_schema(),
        "mapping.schema.json": ColumnMapping.model_json_schema(),
        "sources.schema.json": SourceFile.model_json_schema(),
    }
    named = models["watch.schema.json"]["$defs"]["Watch"]["properties"]["collectors"]["items"]
    named["enum"] = [REPLAY, *collectors]
    return {name: _text(name, schema) for name, schema in models.items()}


def write_schemas(folder: Path, collectors: Mapping[str, Settings]) -> list[Path]:
    """Write the schemas that are not current; returns those written."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, text in schemas(collectors).items():
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            written.append(path)
    return written


def _text(name: str, schema: dict[str, Any]) -> str:
    whole = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": name, **schema}
    return json.dumps(whole, ensure_ascii=False, indent=2) + "\n"
