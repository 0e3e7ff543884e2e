"""What hashes of whole frames do not find (crops, tilted and distorted clips), by the key frames as pictures.

Each key frame is matched as any picture is (`search`); two clips are alike where key frames of one are in key frames of
the other at times that fit together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from enrich.media.pictures import Unusable
from enrich.reuse.clip_frames import ClipLimits
from enrich.reuse.clip_prints import MIRRORED, ClipPrint
from enrich.reuse.clip_search import ClipMatch, Stretch
from enrich.reuse.clips import KEY_FRAME_EVERY, key_pictures
from enrich.reuse.index import Entry
from enrich.reuse.prints import Look, Print, looked
from enrich.reuse.search import search
from enrich.reuse.segment import Segment
from secondsource.contracts.clock import Clock

_KEPT, _ASKED = 48, 24  # key frames of an archived clip, and of one that is asked about
_FITS: Final = 2.0  #: seconds by which two pairs may disagree on the offset: key frames are three apart
_LEAST: Final = 2  #: key frames of the clip asked about that must fit together
_ALONE: Final = 0.985  #: confidence at which one is enough, in clips with too few key frames for two
_GAP: Final = 3 * KEY_FRAME_EVERY  #: seconds without a pair that end a stretch
_CLIP: Final = 56  #: hex digits of a key frame's name that are the clip's; the other 8 are milliseconds


class KeyLook(NamedTuple):
    at: float
    look: Look


class Pair(NamedTuple):
    """A key frame of the clip asked about, one of an archived clip that is in it, in seconds, and how surely."""

    asked: float
    kept: float
    confidence: float
    mirrored: bool


def entries(clip: str, body: bytes, limits: ClipLimits, clock: Clock) -> list[Entry] | Unusable:
    """A clip's key frames for an index of pictures. `clip`: 64 hex digits."""
    found = _looks(body, limits, clock, _KEPT)
    return found if isinstance(found, Unusable) else [Entry(_name(clip, at), _print(look)) for at, look in found]


def by_features(
    body: bytes, limits: ClipLimits, clock: Clock, segments: Sequence[Segment], seconds: Mapping[str, float]
) -> list[ClipMatch]:
    """Archived clips whose key frames are in this one's. `seconds`: how long each archived clip is, by name."""
    looks = _looks(body, limits, clock, _ASKED)
    if isinstance(looks, Unusable):
        return []
    clips = {name[:_CLIP]: name for name in seconds}
    pairs: dict[str, list[Pair]] = defaultdict(list)
    for at, look in looks:
        for match in search(look, segments):
            if match.name[:_CLIP] in clips:
                kept = int(match.name[_CLIP:], 16) / 1000
                pairs[clips[match.name[:_CLIP]]].append(Pair(at, kept, match.confidence, match.mirrored))
    end = looks[-1].at + KEY_FRAME_EVERY / 2
    found = [fitting(name, clip_pairs, len(looks), end, seconds[name]) for name, clip_pairs in pairs.items()]
    return sorted((match for match in found if match is not None), key=lambda match: (-match.confidence, match.name))


def fitting(name: str, pairs: Sequence[Pair], asked: int, asked_end: float, kept_end: float) -> ClipMatch | None:
    """What of the pairs fits together in time; None where too little does. `asked` key frames were looked for."""
    best: dict[float, Pair] = {}
    for centre in pairs:
        near: dict[float, Pair] = {}
        for pair in pairs:
            off = abs((pair.kept - pair.asked) - (centre.kept - centre.asked))
            if off <= _FITS and pair.mirrored == centre.mirrored:
                near[pair.asked] = max(near.get(pair.asked, pair), pair, key=lambda each: each.confidence)
        if _sure(near.values()) > _sure(best.values()):
            best = near
    if len(best) < _LEAST and not (asked <= _LEAST and any(pair.confidence >= _ALONE for pair in best.values())):
        return None
    sure = _sure(best.values())
    stretches: list[Stretch] = []
    run: list[Pair] = []
    for pair in sorted(best.values()):
        if run and pair.asked - run[-1].asked > _GAP:
            stretches.append(_stretch(run, asked_end, kept_end, sure))
            run = []
        run.append(pair)
    stretches.append(_stretch(run, asked_end, kept_end, sure))
    mirrored = next(iter(best.values())).mirrored
    return ClipMatch(name, sure, MIRRORED if mirrored else 0, tuple(stretches))


def covered(matches: Iterable[ClipMatch], print_: ClipPrint) -> float:
    """Share of a clip that is in some archived clip, 0..1."""
    spans = sorted(stretch.asked for match in matches for stretch in match.stretches)
    total = end = 0.0
    for begin, until in spans:
        total += max(0.0, until - max(begin, end))
        end = max(end, until)
    return total / print_.seconds if print_.seconds else 0.0


def _looks(body: bytes, limits: ClipLimits, clock: Clock, most: int) -> list[KeyLook] | Unusable:
    frames = key_pictures(body, limits, clock, most)
    if isinstance(frames, Unusable):
        return frames
    return [KeyLook(frame.at, looked(frame.rgb)) for frame in frames]


def _print(look: Look) -> Print:
    return look.kept


def _name(clip: str, at: float) -> str:
    return f"{clip[:_CLIP]}{round(at * 1000):08x}"


def _sure(pairs: Iterable[Pair]) -> float:
    doubt = 1.0
    for pair in pairs:
        doubt *= 1 - pair.confidence
    return round(1 - doubt, 4)


def _stretch(run: Sequence[Pair], asked_end: float, kept_end: float, sure: float) -> Stretch:
    """A key frame speaks for half the time to the next on either side."""
    half = KEY_FRAME_EVERY / 2
    asked = round(max(0.0, run[0].asked - half), 2), round(min(asked_end, run[-1].asked + half), 2)
    kept = [pair.kept for pair in run]
    return Stretch(
        asked, (round(max(0.0, min(kept) - half), 2), round(min(kept_end, max(kept) + half), 2)), 1.0, sure, len(run)
    )
