"""What several rules say of one story, as one finding."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from alerts.rules.evidence import Rule, StoryEvidence
from secondsource.contracts.messages import Finding
from secondsource.contracts.watch import Thresholds


def together(rules: Sequence[Rule], evidence: StoryEvidence, thresholds: Thresholds) -> Finding:
    """The headline of the first, which is the gravest; then what each of them alone has to say, then what all say.

    What more origins would answer is said before what they would not.
    """
    said = [rule.describe(evidence, thresholds) for rule in rules]
    first = said[0]
    if len(said) == 1:
        return replace(first, rules=(first.rule,))
    common = [reason for reason in first.reasons if all(reason in other.reasons for other in said[1:])]
    own = dict.fromkeys(reason for one in said for reason in one.reasons if reason not in common)
    clears = sorted(zip(rules, said, strict=True), key=lambda one: not one[0].recalled)
    return replace(
        first,
        reasons=(*own, *common),
        clears="; ".join(dict.fromkeys(one.clears for _, one in clears)),
        rules=tuple(rule.name for rule in rules),
    )
