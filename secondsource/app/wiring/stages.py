"""The stages."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote

from config.loader import Configuration
from config.sources import Source
from secondsource.app.wiring.house import House
from secondsource.app.wiring.services import parts_of_pictures
from secondsource.contracts.clock import Clock
from secondsource.contracts.credits import Credits
from secondsource.contracts.messages import Reuse
from secondsource.contracts.stage import Stage
from secondsource.runtime.runner import RunnerSettings
from store.alerting.baselines import BaselineReader
from store.stage import StoreStage

if TYPE_CHECKING:
    from alerts.judging.stage import AlertsStage
    from alerts.origins.registry import Registry
    from enrich.looking import Recognising
    from enrich.media.kept import MediaStore
    from enrich.reuse.clip_prints import ClipPrint
    from enrich.reuse.prints import Look as Looked
    from enrich.setup import Enrichment

StageName = Literal["enrich", "alerts", "store"]

STAGES: tuple[StageName, ...] = ("enrich", "alerts", "store")


class _PartsOnceNeeded:
    """The archive of prints, opened at the first picture: who meets none need not load what looking takes."""

    def __init__(self, at: House) -> None:
        self._at = at

    def recognised(self, picture: str, look: Looked, clip: ClipPrint | None = None) -> tuple[Reuse, ...]:
        archive = self._at.reuse
        return archive.recognised(picture, look, clip) if archive is not None else ()


def enrichment(
    configuration: Configuration,
    clock: Clock,
    *,
    roots: Sequence[Path] = (),
    kept: MediaStore | None = None,
    archive: Recognising | None = None,
    stop: Event | None = None,
) -> Enrichment:
    """`roots` are folders that file: addresses may be read from, beside those configured.

    Once `stop` is set, a batch whose pictures are still being fetched is left for the next start.

    Raises:
        BadConfiguration: what is to be kept of pictures cannot be written to its place.
    """
    if kept is not None:
        kept.ready()
    from enrich.annotators.media import MediaLimits
    from enrich.media.fetch import FetchLimits
    from enrich.setup import EnrichSettings, build

    settings = configuration.deployment.enrich
    media = settings.media
    return build(
        EnrichSettings(
            gazetteers=configuration.gazetteers,
            cues=configuration.cues,
            stance_model=settings.stance_model,
            agencies=configuration.agencies,
            languages=settings.languages,
            pipelines=settings.pipelines,
            media_enabled=media.enabled,
            media_roots=(*media.roots, *roots),
            fetch=FetchLimits(max_bytes=media.max_bytes, total_seconds=media.timeout_seconds, per_host=media.per_host),
            media=MediaLimits(max_pixels=media.max_pixels, threads=media.workers, key_frames=media.key_frames),
        ),
        clock,
        kept=kept,
        archive=archive,
        stop=stop,
    )


def alerts_stage(at: House) -> AlertsStage:
    from alerts.judging.stage import AlertsStage
    from secondsource.app.embedding import Named, understanding_of

    desk = at.configuration.deployment.desk
    public = (desk.public_url or f"http://{desk.host}:{desk.port}").rstrip("/")

    def link(alert_id: str) -> str:
        return f"{public}/alerts/{quote(alert_id, safe='')}"

    watches = {watch.name: watch for watch in at.watches}
    baselines = BaselineReader(at.store.baselines, at.clock.monotonic)
    registry = _registry(at.configuration.sources, at.configuration.agencies)
    stories = at.configuration.deployment.stories
    return AlertsStage(
        watches,
        at.store.archive,
        link,
        registry=registry,
        baselines=baselines,
        understanding=understanding_of(Named(stories.model, stories.embedder, stories.alike)),
        texts_per_minute=stories.texts_per_minute,
        unread=at.metrics.unread,
    )


def _registry(sources: Sequence[Source], agencies: Credits) -> Registry:
    """The source registry as alerting reads it: each source with whoever is at the top of its owners."""
    from alerts.origins.registry import Listed, Registry

    by_id = {source.id: source for source in sources}
    listed = {}
    for source in sources:
        top, rests = source, (source.reference, source.date)
        while top.owner is not None:
            rests = (top.owner.reference or top.reference, top.owner.date or top.date)
            top = by_id[top.owner.id]
        declared = source.affiliation.declared if source.affiliation else ""
        listed[source.id] = Listed(
            source.id, source.name, source.kind, top.id, top.name, source.credit, declared, *rests
        )
    accounts = [
        (platform, handle, listed[source.id])
        for source in sources
        for platform, handles in source.accounts.items()
        for handle in handles
    ]
    domains = {domain: listed[source.id] for source in sources for domain in source.domains}
    return Registry(accounts, domains, agencies=agencies)


def store_stage(at: House) -> StoreStage:
    asked = {watch.name: watch.notify for watch in at.watches}
    return StoreStage(at.store, at.sends, at.kept.remove if at.kept else None, asked=asked, clock=at.clock)


def stage(at: House, name: StageName, *, roots: Sequence[Path] = ()) -> Stage:
    """One stage by its name."""
    if name == "enrich":
        archive = _PartsOnceNeeded(at) if parts_of_pictures(at.configuration).on else None
        return enrichment(at.configuration, at.clock, roots=roots, kept=at.kept, archive=archive, stop=at.stop).stage
    return alerts_stage(at) if name == "alerts" else store_stage(at)


def runner_settings(at: House) -> RunnerSettings:
    runtime = at.configuration.deployment.runtime
    return RunnerSettings(
        max_records=runtime.batch_size,
        halt_after=runtime.halt_after,
        save_every_seconds=runtime.save_every_seconds,
    )
