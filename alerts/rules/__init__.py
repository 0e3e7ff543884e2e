"""What can be found of a story. A new rule is one module with its examples, one line here, one page of docs."""

from __future__ import annotations

from alerts.evidence import Rule
from alerts.rules.uncorroborated_spike import UNCORROBORATED_SPIKE

RULES: tuple[Rule, ...] = (UNCORROBORATED_SPIKE,)
