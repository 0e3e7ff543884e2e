"""Enrichment put together from what configuration says, with a report of what is on and what is off."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from enrich.annotators import CopyAnnotator, EntityAnnotator, LanguageAnnotator, MediaAnnotator, StanceAnnotator
from enrich.annotators.language import DEFAULT_LANGUAGES
from enrich.annotators.media import FetchingOff, MediaLimits
from enrich.annotators.stance import Cues
from enrich.looking import Clip, Keeping, Recognising
from enrich.media import codecs, ocr
from enrich.media.credentials import examining
from enrich.media.fetch import Fetcher, FetchLimits
from enrich.media.pictures import Decoded, Frame, Unusable
from enrich.names.gazetteer import Gazetteer, each_term
from enrich.names.pipelines import trained_pipelines
from enrich.stage import EnrichStage
from enrich.stance.model import StanceModel
from secondsource.contracts.clock import Clock
from secondsource.contracts.credits import OURS, Credits
from secondsource.contracts.messages import Struct
from secondsource.outside.connecting import Connector, Resolver, connect, resolve

if TYPE_CHECKING:
    from enrich.reuse.clip_prints import ClipPrint


class EnrichSettings(Struct, frozen=True, kw_only=True):
    """`pipelines` maps a language to a trained spaCy package or "blank"; `media_roots` may be read by file: links."""

    gazetteers: tuple[Path, ...] = ()
    cues: Cues = msgspec.field(default_factory=dict)
    stance_model: Path | None = None
    agencies: Credits = OURS
    languages: tuple[str, ...] = DEFAULT_LANGUAGES
    pipelines: Mapping[str, str] = msgspec.field(default_factory=dict)
    media_enabled: bool = True
    media_roots: tuple[Path, ...] = ()
    fetch: FetchLimits = FetchLimits()
    media: MediaLimits = MediaLimits()


class Part(NamedTuple):
    """An optional part: on, or off and how to turn it on."""

    name: str
    on: bool
    detail: str


class Enrichment(NamedTuple):
    stage: EnrichStage
    parts: list[Part]
    media: MediaAnnotator
    fetcher: Fetcher

    def close(self) -> None:
        """End the threads that fetch pictures."""
        self.fetcher.stop()
        self.media.close()


def codec_parts() -> list[Part]:
    """What is read of pictures beside what always is: on, or off and how to turn it on."""
    heic, avif, examined = codecs.heic(), codecs.avif(), examining()
    return [
        Part("HEIC pictures", heic.on, heic.detail),
        Part("AVIF pictures", avif.on, avif.detail),
        Part("Content Credentials", examined.on, examined.detail),
    ]


def _stance_detail(path: Path | None) -> str:
    if path is not None:
        return f"{path}, for replies"
    return "off: cues alone judge; make one with `secondsource stance train`, name it in enrich.stance_model"


_CLIP_SECONDS = 20.0  # of decoding one video: a batch of posts waits for it
_CLIP_WATCHED = 120.0  # seconds of a clip that are looked for in other clips: each holds 150 KB while it waits
_UNREAD = ocr.Report(on=False, detail="off: pictures are not fetched")


def _clip(body: bytes, *, clock: Clock, most: int) -> Decoded | Unusable:
    """The key frames of a video, as of an animation."""
    from enrich.reuse.clip_frames import ClipLimits  # noqa: PLC0415 -- loads OpenCV: who meets no video need not
    from enrich.reuse.clips import key_pictures  # noqa: PLC0415

    found = key_pictures(body, ClipLimits(deadline_seconds=_CLIP_SECONDS), clock, most)
    if isinstance(found, Unusable):
        return found
    height, width, _ = found[0].rgb.shape
    return Decoded(width, height, tuple(Frame(number, one.at, one.rgb) for number, one in enumerate(found)))


def _watch(body: bytes, *, clock: Clock) -> ClipPrint | Unusable:
    """What is asked of anything that moves, and kept of it."""
    from enrich.reuse.clip_frames import ClipLimits  # noqa: PLC0415 -- as above
    from enrich.reuse.clip_prints import clip_print  # noqa: PLC0415

    return clip_print(body, ClipLimits(deadline_seconds=_CLIP_SECONDS, max_seconds=_CLIP_WATCHED), clock)


class Network(NamedTuple):
    """How names and addresses are reached; tests give their own."""

    resolver: Resolver = resolve
    connector: Connector = connect
    tls: ssl.SSLContext | None = None


def build(
    settings: EnrichSettings,
    clock: Clock,
    network: Network | None = None,
    *,
    kept: Keeping | None = None,
    clip: Clip | None = None,
    archive: Recognising | None = None,
    stop: Event | None = None,
) -> Enrichment:
    """The stage and what it has on board.

    `kept` takes what is to be kept of pictures, `clip` reads videos (ours, if it is not given), `archive` knows
    pictures that are seen in others. Once `stop` is set, nothing is fetched any more and the stage raises SourceAway
    for a batch whose pictures it has not got.

    Raises:
        BadConfiguration: a gazetteer, cue, language or pipeline that cannot work as given.
    """
    network = network or Network()
    gazetteer = Gazetteer(each_term(settings.gazetteers))
    trained, reports = trained_pipelines(settings.pipelines, gazetteer)
    fetcher = Fetcher(
        clock,
        settings.fetch,
        roots=settings.media_roots,
        resolver=network.resolver,
        connector=network.connector,
        tls=network.tls,
        stop=stop,
    )
    fetching = fetcher if settings.media_enabled else FetchingOff()
    clip = clip or partial(_clip, clock=clock, most=settings.media.key_frames)
    watch = partial(_watch, clock=clock)
    tesseract, readable = ocr.installed(settings.languages) if settings.media_enabled else (None, _UNREAD)
    reader = ocr.Reader(tesseract) if tesseract is not None else None
    media = MediaAnnotator(
        fetching, clock, settings.media, kept=kept, clip=clip, reader=reader, archive=archive, watch=watch
    )
    stance_model = None if settings.stance_model is None else StanceModel.load(settings.stance_model)
    annotators = (
        LanguageAnnotator(settings.languages),
        EntityAnnotator(gazetteer, trained),
        CopyAnnotator(),
        StanceAnnotator(settings.cues, stance_model, agencies=settings.agencies),
        media,
    )
    parts = [Part("gazetteer", gazetteer.size > 0, f"{gazetteer.size} names from {len(settings.gazetteers)} files")]
    advice = f"{settings.media.threads} at a time" if settings.media_enabled else "turn on with media.enabled: true"
    parts.append(Part("fetching of pictures", settings.media_enabled, advice))
    parts.append(Part("text in pictures", readable.on, readable.detail))
    parts.append(Part("stance model", stance_model is not None, _stance_detail(settings.stance_model)))
    parts += codec_parts()
    parts += [Part(f"spaCy pipeline {report.language}", report.on, report.detail) for report in reports]
    if not reports:
        advice = 'none asked for: gazetteer only; name one per language, such as en: "en_core_web_sm", to turn on'
        parts.append(Part("spaCy pipelines", on=False, detail=advice))
    return Enrichment(EnrichStage(annotators), parts, media, fetcher)
