"""The seam of live collectors: what one file in `ingest/collectors` must offer to be named in LIVE."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from ingest.refreshing import Counter
from ingest.surroundings import Surroundings
from secondsource.contracts.stage import Collector
from secondsource.contracts.watch import Watch


class Settings(Protocol):
    """A frozen dataclass of fields made by `secondsource.contracts.settings.setting`, `enabled` among them."""

    @property
    def enabled(self) -> bool: ...

    def off(self) -> str:
        """Empty where it can run; else what is missing and how to turn it on, in one line for an operator."""
        ...


class MakeCounter(Protocol):
    """What asks a platform again for counts, made from the settings of its collector."""

    def __call__(self, settings: Any, around: Surroundings) -> Counter: ...


class LiveCollector(Protocol):
    """A class, constructed by wiring. `name` (and `Settings`) are how configuration and watches speak of it."""

    @property
    def name(self) -> str: ...
    @property
    def Settings(self) -> type[Any]: ...  # noqa: N802 -- it is a class

    def __call__(self, settings: Any, watches: Sequence[Watch], around: Surroundings) -> Collector: ...
