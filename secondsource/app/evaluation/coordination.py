"""Which accounts share the same things within seconds, repeatedly, and more than chance allows."""

from __future__ import annotations

from typing import TextIO

from alerts.origins.communities import groups
from alerts.origins.coordination import Share, network
from secondsource.app.evaluation.lines import Line, Lines, moment_of, optional_text, text_of, write
from secondsource.contracts.errors import BadRecord


def judge_coordination(lines: Lines, out: TextIO, *, window: float, min_shares: int) -> None:
    """From {"object", "account", "at", "post"?} to an edge a line, then a group a line."""
    shares = []
    for number, line in lines:
        try:
            shares.append(_share(line))
        except BadRecord as error:
            lines.tell(number, str(error))
    found = network(shares, window=window, participation=min_shares)
    for edge in found.edges():
        numbers = {name: float(f"{getattr(edge, name):.6g}") for name in ("expected", "p", "q")}
        write(out, {**edge._asdict(), **numbers})
    for place, group in enumerate(groups(found.kept()), start=1):
        write(out, {"group": place, **group._asdict()})


def _share(line: Line) -> Share:
    return Share(text_of(line, "object"), text_of(line, "account"), moment_of(line), optional_text(line, "post"))
