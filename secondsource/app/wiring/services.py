"""Each optional service of a deployment: on, or off and how to turn it on."""

from __future__ import annotations

from collections.abc import Iterator

from config.loader import Configuration, Service
from secondsource.app.wiring.places import beside_the_store, index_folder


def services(configuration: Configuration) -> list[Service]:
    """Each optional service: on, or off and how to turn it on."""
    asked_for = configuration.deployment.enrich.pipelines
    always = [*configuration.services, *_of_pictures(configuration), _of_meanings(configuration)]
    if not asked_for:
        return always
    from enrich.names.gazetteer import Gazetteer
    from enrich.names.pipelines import trained_pipelines

    _, reports = trained_pipelines(asked_for, Gazetteer(()))
    found = [Service(f"trained pipeline {report.language}", report.on, report.detail) for report in reports]
    return [*always, *found]


_NO_MODEL = "off; to turn it on: stories.model: FOLDER in secondsource.yaml (docs/stories.md)"


def _of_meanings(configuration: Configuration) -> Service:
    stories = configuration.deployment.stories
    named = stories.model or stories.embedder
    return Service("embedding", on=named is not None, how=_NO_MODEL if named is None else f"by {named}")


def _of_pictures(configuration: Configuration) -> Iterator[Service]:
    if not configuration.deployment.enrich.media.enabled:
        return
    from enrich.media import ocr

    _, readable = ocr.installed(configuration.deployment.enrich.languages)
    yield Service("text in pictures", readable.on, readable.detail)
    yield parts_of_pictures(configuration)
    from enrich.media import codecs
    from enrich.media.credentials import examining
    from enrich.reuse.clip_readers import installed

    yield Service("HEIC pictures", *codecs.heic())
    yield Service("AV1 video", on=installed().exact, how=installed().detail)
    yield Service("Content Credentials", *examining())
    yield _of_what_is_kept(configuration)


def parts_of_pictures(configuration: Configuration) -> Service:
    media = configuration.deployment.enrich.media
    if media.parts is False:
        return Service("parts of pictures", on=False, how="off, as secondsource.yaml says at enrich.media.parts")
    if media.parts is None and media.index is None and configuration.deployment.transport != "inline":
        how = "off; to look for crops and small parts in every post: enrich.media.parts: true"
        return Service("parts of pictures", on=False, how=how)
    folder = index_folder(configuration)
    if folder is None:
        how = "off; there is no place for their index: name a folder at enrich.media.index"
        return Service("parts of pictures", on=False, how=how)
    return Service("parts of pictures", on=True, how=f"index in {folder}")


def _of_what_is_kept(configuration: Configuration) -> Service:
    media = configuration.deployment.enrich.media
    where = media.store or beside_the_store(configuration.store_url)
    if media.keep == "nothing":
        return Service("kept pictures", on=False, how="nothing, as secondsource.yaml says at enrich.media.keep")
    if not where:
        how = "nothing; to keep thumbnails for the desk, name a folder or s3://bucket/prefix at enrich.media.store"
        return Service("kept pictures", on=False, how=how)
    return Service("kept pictures", on=True, how=f"{media.keep} in {where}")
