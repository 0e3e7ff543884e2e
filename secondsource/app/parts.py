"""What `secondsource run` can run."""

from __future__ import annotations

from typing import Literal

Part = Literal["ingest", "enrich", "store", "alerts", "notify", "desk"]
PARTS: tuple[Part, ...] = ("ingest", "enrich", "store", "alerts", "notify", "desk")
