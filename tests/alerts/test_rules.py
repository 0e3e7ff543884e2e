"""The contract of every rule, and the words they are allowed."""

from __future__ import annotations

import re

import pytest

from alerts.lives import life
from alerts.rules import RULES
from alerts.rules.evidence import Example, Rule
from secondsource.contracts.messages import Finding

#: Words that pass judgement, or guess at somebody's mind. They may stand in what others wrote, never in what we say.
JUDGING = re.compile(
    r"\b(false|fake\w*|hoax\w*|propagand\w*|lie[sd]?|lying|liar\w*|debunk\w*|mis-?inform\w*|dis-?inform\w*|rumou?r\w*|"
    r"manipulat\w*|bots?|trolls?|mislead\w*|untrue|bogus|deceiv\w*|inauthentic)\b",
    re.IGNORECASE,
)

CASES = [pytest.param(rule, example, id=f"{rule.name}: {example.name}") for rule in RULES for example in rule.examples]


def sentences(finding: Finding) -> list[str]:
    """All that a finding says in our own words: what stands in quotation marks is somebody else's."""
    said = [
        finding.headline,
        finding.clears,
        *(part for one in finding.reasons for part in (one.name, one.value, one.sentence)),
    ]
    return [re.sub(r"“.*?”", "", one) for one in said]


def test_names_are_unique() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_ships_examples_of_both_kinds(rule: Rule) -> None:
    assert {example.fires for example in rule.examples} == {True, False}


@pytest.mark.parametrize(("rule", "example"), CASES)
def test_examples_fire_as_they_say(rule: Rule, example: Example) -> None:
    finding = rule.find(example.evidence, example.thresholds)
    assert (finding is not None) == example.fires


@pytest.mark.parametrize(("rule", "example"), CASES)
def test_findings_carry_reasons_and_say_what_would_clear_them(rule: Rule, example: Example) -> None:
    finding = rule.describe(example.evidence, example.thresholds)
    assert finding.rule == rule.name
    assert finding.reasons
    assert finding.clears
    assert all(reason.name and reason.value and reason.sentence.endswith(".") for reason in finding.reasons)
    assert rule.describe(example.evidence, example.thresholds) == finding, "pure: the same evidence, the same finding"


@pytest.mark.parametrize(("rule", "example"), CASES)
def test_every_template_is_neutral(rule: Rule, example: Example) -> None:
    finding = rule.describe(example.evidence, example.thresholds)
    for one in (finding, life.recalled(finding, example.evidence), life.over(finding, example.evidence, 48.0)):
        for sentence in sentences(one):
            assert not JUDGING.search(sentence), sentence
