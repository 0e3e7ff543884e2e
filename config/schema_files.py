"""JSON Schemas for editors, written from the models: a YAML file names its own in its first line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel

from config.mappings import Mapping as ColumnMapping
from config.schema import Deployment, WatchFile

SCHEMAS: Mapping[str, type[BaseModel]] = {
    "watch.schema.json": WatchFile,
    "secondsource.schema.json": Deployment,
    "mapping.schema.json": ColumnMapping,
}


def schemas() -> dict[str, str]:
    """File name → text, the same for the same models."""
    return {name: _text(name, model) for name, model in SCHEMAS.items()}


def write_schemas(folder: Path) -> list[Path]:
    """Write the schemas that are not current; returns those written."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, text in schemas().items():
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            written.append(path)
    return written


def _text(name: str, model: type[BaseModel]) -> str:
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": name, **model.model_json_schema()}
    return json.dumps(schema, ensure_ascii=False, indent=2) + "\n"


if __name__ == "__main__":
    write_schemas(Path(__file__).parent / "schema")
