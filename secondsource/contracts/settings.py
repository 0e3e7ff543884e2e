"""How a part says what may be configured of it, without knowing how configuration is read.

A part's settings are a frozen dataclass whose fields are made by `setting`; `config` turns them into checked YAML keys
with help, examples and a JSON Schema. A field of type `Secret | None` named `token` becomes two keys, `token_env` and
`token_file`: the value itself never stands in a file of ours.
"""

from __future__ import annotations

from dataclasses import field
from typing import Any


def setting(
    default: Any,
    what: str,
    *,
    example: object = None,
    at_least: float | None = None,
    at_most: float | None = None,
    pattern: str | None = None,
) -> Any:
    """A field of a settings dataclass. `what` is one sentence for whoever edits the file.

    `at_least` and `at_most` bound numbers (both included) and the length of texts and lists; `pattern` is a regular
    expression that a text must match from end to end, and each text of a list.
    """
    about = {"what": what, "example": default if example is None else example}
    bounds = {"at_least": at_least, "at_most": at_most, "pattern": pattern}
    metadata = about | {name: bound for name, bound in bounds.items() if bound is not None}
    return field(default=default, metadata=metadata)
