"""Everything is constructed and connected here, and only here; nothing finds its collaborators by itself.

A room that takes long to import (spaCy, scipy, tweepy) is imported where it is built: a process pays for its own part.
"""

from __future__ import annotations

from secondsource.app.wiring.coming_in import Ask, ask_x_what_is_gone, budget, collectors, mapper, replay, source
from secondsource.app.wiring.going_out import desk, notifiers, presses, sender
from secondsource.app.wiring.house import House, house, is_new, serve_metrics, waited_for
from secondsource.app.wiring.inline import pipeline
from secondsource.app.wiring.over_kafka import kafka_settings, publisher, runner, transport
from secondsource.app.wiring.services import services
from secondsource.app.wiring.stages import STAGES, alerts_stage, enrichment, stage, store_stage

__all__ = [
    "STAGES",
    "Ask",
    "House",
    "alerts_stage",
    "ask_x_what_is_gone",
    "budget",
    "collectors",
    "desk",
    "enrichment",
    "house",
    "is_new",
    "kafka_settings",
    "mapper",
    "notifiers",
    "pipeline",
    "presses",
    "publisher",
    "replay",
    "runner",
    "sender",
    "serve_metrics",
    "services",
    "source",
    "stage",
    "store_stage",
    "transport",
    "waited_for",
]
