"""What can be found of a story, the gravest first. A new rule is one module with its examples, one line here, one page
of docs.
"""

from __future__ import annotations

from alerts.rules.coordinated_push import COORDINATED_PUSH
from alerts.rules.deleted_while_spreading import DELETED_WHILE_SPREADING
from alerts.rules.evidence import Rule
from alerts.rules.matched_fact_check import MATCHED_FACT_CHECK
from alerts.rules.recycled_media import RECYCLED_MEDIA
from alerts.rules.uncorroborated_spike import UNCORROBORATED_SPIKE
from alerts.rules.volume_spike import VOLUME_SPIKE

RULES: tuple[Rule, ...] = (
    RECYCLED_MEDIA,
    COORDINATED_PUSH,
    DELETED_WHILE_SPREADING,
    MATCHED_FACT_CHECK,
    UNCORROBORATED_SPIKE,
    VOLUME_SPIKE,
)
