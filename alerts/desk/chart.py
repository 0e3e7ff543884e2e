"""A small picture of a story's spread against what was expected.

It holds numbers and the hours they belong to, and nobody's words: it is what may be fetched from outside.
"""

from __future__ import annotations

from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

from alerts import wording
from alerts.spread.course import course
from secondsource.contracts.evidence import StoryTrail
from secondsource.contracts.messages import AlertEvent

WIDTH, HEIGHT = 640, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 16, 16, 34, 30
_TWICE = 2  #: drawn larger, then made smaller, so that lines are smooth
_PAPER, _SOFT, _GRID = "#ffffff", "#6b737b", "#e4e7ea"
_SEEN, _FILL, _EXPECTED, _FORECAST = "#c77700", "#fbe9cf", "#4a7d8c", "#f0c98d"

Point = tuple[float, float]


def draw(event: AlertEvent, trail: StoryTrail) -> bytes:
    """A PNG of 640 by 240: interactions so far, what was expected by now, and the forecast where there is one."""
    spread = event.story.spread
    way = course(trail, event.story)
    measured, forecast = spread.state == "measured", wording.foretold(spread)
    until = spread.age_seconds * (2.0 if forecast else 1.0) or 1.0
    top = max(spread.interactions, spread.expected if measured else 0.0, forecast.high if forecast else 0.0, 1.0) * 1.08

    def place(seconds: float, value: float) -> Point:
        across = (WIDTH - _LEFT - _RIGHT) * min(1.0, seconds / until)
        up = (HEIGHT - _TOP - _BOTTOM) * min(1.0, value / top)
        return _TWICE * (_LEFT + across), _TWICE * (HEIGHT - _BOTTOM - up)

    image = Image.new("RGB", (_TWICE * WIDTH, _TWICE * HEIGHT), _PAPER)
    pen = ImageDraw.Draw(image)
    for share in (0.25, 0.5, 0.75, 1.0):
        pen.line([place(0, top * share), place(until, top * share)], fill=_GRID, width=_TWICE)
    line = [place(spread.age_seconds * n / len(way), value) for n, value in enumerate((0, *way))] if way else []
    now = place(spread.age_seconds, spread.interactions)
    if forecast:
        pen.polygon([now, place(until, forecast.high), place(until, forecast.low)], fill=_FILL)
        pen.line([now, place(until, forecast.middle)], fill=_FORECAST, width=2 * _TWICE)
    if line:
        pen.polygon([place(0, 0), *line, place(spread.age_seconds, 0)], fill=_FILL)
        pen.line(line, fill=_SEEN, width=3 * _TWICE, joint="curve")
    else:  # how it came there is not known
        pen.circle(now, 4 * _TWICE, fill=_SEEN)
    if measured:
        _dashes(pen, place(0, spread.expected), place(spread.age_seconds, spread.expected))
    pen.line([place(0, 0), place(until, 0)], fill=_SOFT, width=_TWICE)
    _captions(pen, event, until)
    with BytesIO() as body:
        image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS).save(body, "PNG", optimize=True)
        return body.getvalue()


def _dashes(pen: ImageDraw.ImageDraw, start: Point, end: Point) -> None:
    across = start[0]
    while across < end[0]:
        pen.line([(across, start[1]), (min(across + 12, end[0]), start[1])], fill=_EXPECTED, width=2 * _TWICE)
        across += 22


def _captions(pen: ImageDraw.ImageDraw, event: AlertEvent, until: float) -> None:
    spread = event.story.spread
    font = ImageFont.load_default(size=14 * _TWICE)
    small = ImageFont.load_default(size=12 * _TWICE)
    seen = wording.count(spread.interactions, "interaction")
    pen.text((_TWICE * _LEFT, _TWICE * 8), seen, fill=_SEEN, font=font)
    if spread.state == "measured":
        said, colour = f"{wording.number(spread.expected)} expected by now", _EXPECTED
    else:
        said, colour = "insufficient data to say what to expect", _SOFT
    pen.text((_TWICE * (WIDTH - _RIGHT), _TWICE * 8), said, fill=colour, font=font, anchor="ra")
    under = _TWICE * (HEIGHT - _BOTTOM + 8)
    pen.text((_TWICE * _LEFT, under), "first post", fill=_SOFT, font=small)
    end = wording.duration(until) + (" (forecast, 80 %)" if wording.foretold(spread) else "")
    pen.text((_TWICE * (WIDTH - _RIGHT), under), end, fill=_SOFT, font=small, anchor="ra")
