"""What only shows when keys are read together: watches that match nothing, files that are not there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from config.document import Document, Trail
from config.places import no_file, no_folder
from config.problem import Problem, quoted
from config.schema import Deployment, Watch
from config.sections import SecretKeys


def check_watch(document: Document, trail: Trail, watch: Watch) -> Iterator[Problem]:
    """Problems of one watch that each key alone does not show."""
    words = watch.keywords
    if not (watch.hashtags or words.all or words.any or watch.phrases or watch.accounts):
        what = "no hashtag, keyword, phrase or account to find posts by, so it would match nothing"
        yield document.problem(trail, what, "hashtags: [Aleppo], keywords: {any: [ceasefire]}, phrases: or accounts:")
    wanted = (
        *((("hashtags", index), term) for index, term in enumerate(watch.hashtags)),
        *((("keywords", "all", index), term) for index, term in enumerate(words.all)),
        *((("keywords", "any", index), term) for index, term in enumerate(words.any)),
        *((("phrases", index), term) for index, term in enumerate(watch.phrases)),
    )
    for index, unwanted in enumerate(words.none):
        for place, term in wanted:
            if _within(unwanted, term):
                what = (
                    f"{quoted(unwanted)} here also shuts out every post that {_key(place)} asks for with {quoted(term)}"
                )
                yield document.problem(
                    (*trail, "keywords", "none", index), what, "a narrower word, or drop one of the two"
                )
                break
    if watch.thresholds.lateness_seconds >= watch.thresholds.story_hours * 3600:
        what = "posts would be waited for longer than a story lives"
        yield document.problem((*trail, "thresholds", "lateness_seconds"), what, "lateness_seconds: 1")


def check_names(found: Sequence[tuple[Document, Trail, Watch]]) -> Iterator[Problem]:
    """Two watches of one name, in one file or in two."""
    first: dict[str, str] = {}
    for document, trail, watch in found:
        place = document.problem((*trail, "name"), "")
        if watch.name in first:
            what = f"there is already a watch named {watch.name}, in {first[watch.name]}"
            yield document.problem((*trail, "name"), what, "another name")
        else:
            first[watch.name] = f"{place.file}:{place.line}"


def check_deployment(document: Document, settings: Deployment, environ: Mapping[str, str]) -> Iterator[Problem]:
    """Problems of the deployment file that each key alone does not show, files it names included."""
    yield from _check_kafka(document, settings, environ)
    store = settings.store
    if store.url and store.url_env:
        yield document.problem(("store", "url_env"), "url and url_env are both given", "one of the two")
    if store.url_env and not environ.get(store.url_env, "").strip():
        what = f"the environment variable {store.url_env} is not set"
        yield document.problem(("store", "url_env"), what, f"export {store.url_env}=postgresql+psycopg://…")
    for trail, path in _files(settings):
        if what := no_file(path):
            yield document.problem(trail, what, "the path of a file")
    for index, root in enumerate(settings.enrich.media.roots):
        if what := no_folder(root):
            yield document.problem(("enrich", "media", "roots", index), what, "the path of a folder")
    if settings.enrich.cues and (what := no_folder(settings.enrich.cues)):
        yield document.problem(("enrich", "cues"), what, "the path of a folder")
    stories = settings.stories
    if stories.model and (what := no_folder(stories.model)):
        yield document.problem(("stories", "model"), what, "the folder of model.onnx and tokenizer.json")
    if stories.model and stories.embedder:
        yield document.problem(("stories", "embedder"), "model and embedder are both given", "one of the two")
    if settings.metrics.port and settings.metrics.port == settings.desk.port:
        yield document.problem(("metrics", "port"), "the desk listens on this port already", "port: 9380")


def _check_kafka(document: Document, settings: Deployment, environ: Mapping[str, str]) -> Iterator[Problem]:
    kafka = settings.kafka
    for server in kafka.bootstrap.split(","):
        if not 0 < int(server.rpartition(":")[2]) < 2**16:
            what = f"no port has the number in {quoted(server)}"
            yield document.problem(("kafka", "bootstrap"), what, "host:9092")
    if kafka.security_protocol.startswith("SASL") and settings.transport == "kafka":
        if not kafka.sasl_username:
            yield document.problem(("kafka", "security_protocol"), "SASL needs a user", "sasl_username: secondsource")
        if not kafka.sasl_password_env and not kafka.sasl_password_file:
            what = "SASL needs a password"
            yield document.problem(("kafka", "security_protocol"), what, "sasl_password_env: KAFKA_PASSWORD")
        elif kafka.sasl_password_env and not environ.get(kafka.sasl_password_env, "").strip():
            what = f"the environment variable {kafka.sasl_password_env} is not set"
            yield document.problem(("kafka", "sasl_password_env"), what, f"export {kafka.sasl_password_env}=…")
    for part, key in (("SASL", "sasl_username"), ("SSL", "ssl_ca_file"), ("SSL", "ssl_cert_file")):
        if getattr(kafka, key) and part not in kafka.security_protocol and settings.transport == "kafka":
            what = f"{kafka.security_protocol} uses no {key}, and would speak to the broker without it"
            yield document.problem(("kafka", key), what, f"security_protocol: SASL_SSL, or no {key}")
    if (kafka.ssl_cert_file is None) != (kafka.ssl_key_file is None):
        missing = "ssl_key_file" if kafka.ssl_key_file is None else "ssl_cert_file"
        given = "ssl_cert_file" if kafka.ssl_key_file is None else "ssl_key_file"
        yield document.problem(("kafka", given), f"goes together with {missing}, which is missing", f"{missing}: too")


def check_secret(
    document: Document, keys: SecretKeys, environ: Mapping[str, str], *, needed: bool
) -> Iterator[Problem]:
    """A secret of a collector: what is named must be there, the variable only where the collector is on."""
    if keys.path is not None and (what := no_file(keys.path)):
        yield document.problem(keys.key("_file"), what, "the path of a file")
    if needed and keys.variable and not keys.path and not environ.get(keys.variable, "").strip():
        what = f"{keys.at[1]} is on, and the environment variable {keys.variable} is not set"
        yield document.problem(keys.key("_env"), what, f"export {keys.variable}=… or enabled: false")


def _files(settings: Deployment) -> Iterator[tuple[Trail, Path]]:
    """Every single file the settings name."""
    kafka, slack = settings.kafka, settings.notify.slack
    named: tuple[tuple[Trail, Path | None], ...] = (
        (("kafka", "ssl_ca_file"), kafka.ssl_ca_file),
        (("kafka", "ssl_cert_file"), kafka.ssl_cert_file),
        (("kafka", "ssl_key_file"), kafka.ssl_key_file),
        (("kafka", "sasl_password_file"), kafka.sasl_password_file),
        (("notify", "slack", "token_file"), slack.token_file),
        (("notify", "slack", "app_token_file"), slack.app_token_file),
        (("notify", "slack", "signing_secret_file"), slack.signing_secret_file),
        (("enrich", "stance_model"), settings.enrich.stance_model),
        *((("enrich", "gazetteers", index), path) for index, path in enumerate(settings.enrich.gazetteers or ())),
    )
    return ((trail, path) for trail, path in named if path is not None)


def _within(small: str, large: str) -> bool:
    """Whether every post with `large` in it has `small` in it: its words stand there in the same order."""
    inner, outer = _words(small), _words(large)
    return any(outer[start : start + len(inner)] == inner for start in range(len(outer) - len(inner) + 1)) and bool(
        inner
    )


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def _key(place: Trail) -> str:
    return ".".join(str(step) for step in place if isinstance(step, str))
