"""A watch's thresholds, one by one: as they may be given in other places than its file."""

from __future__ import annotations

from pydantic import ValidationError

from config.schema import Thresholds
from secondsource.contracts.errors import BadConfiguration

NAMES = tuple(Thresholds.model_fields)


def threshold(name: str, said: str) -> int | float:
    """The value of one of `NAMES` as it was written, checked as it would be in the watch's file.

    Raises:
        BadConfiguration: it cannot have this value.
    """
    try:
        checked = Thresholds.model_validate_strings({name: said.strip()})
    except ValidationError as error:
        why = error.errors(include_url=False)[0]["msg"]
        msg = f"{said.strip()!r} cannot be {name}: {why}"
        raise BadConfiguration(msg) from error
    value: int | float = getattr(checked, name)
    return value
