"""The source registry: `sources/*.yaml`. Outlets, agencies, officials and fact-checkers, and who owns whom.

Each entry's facts rest on its `reference` as of `date`; a fact with another source has its own. Who is not listed is
its own owner: nothing is guessed of anybody.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationError

from config.document import Document, Trail, read
from config.explain import explain
from config.places import no_folder, yaml_files
from config.problem import Problem, quoted, visible
from config.schema import Model, wrong
from secondsource.contracts.credits import AGENCIES, OURS, Credits, known_in_any_case

FOLDER = "sources"
Kind = Literal["agency", "outlet", "official", "fact-checker", "owner"]
#: What people write for platforms that we call otherwise: an account of one would be nobody's.
_CALLED = {"twitter": "x", "bsky": "bluesky", "rss": "feed", "feeds": "feed"}


def _id(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", text):
        raise wrong("an id is small letters, digits and -", "velgrad-gazette")
    return text


def _reference(text: str) -> str:
    if not re.fullmatch(r"https?://[^\s/]+\.[^\s/]+\S*", text):
        raise wrong("not the address of a page", "https://gazette.example/about")
    return text


def _date(text: str) -> str:
    try:
        if date.fromisoformat(text).isoformat() == text:
            return text
    except ValueError:
        pass
    raise wrong("not a date", "2026-11-22")


def _domain(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", text):
        raise wrong("a domain stands in small letters, without https://, www. and path", "gazette.example")
    return text.removeprefix("www.")


def _handle(text: str) -> str:
    if text.startswith("@") or re.search(r"\s", text):
        raise wrong("handles stand without @ and blanks", text.strip().lstrip("@") or "gazette")
    return text


def _platform(name: str) -> str:
    if not re.fullmatch("[a-z][a-z0-9_]{0,39}", name) or name in _CALLED:
        small = re.sub(r"[^a-z0-9_]", "", name.lower())
        raise wrong("not a platform as posts name it", _CALLED.get(small, small) or "x")
    return name


Id = Annotated[str, AfterValidator(_id)]
Reference = Annotated[str, AfterValidator(_reference)]
Date = Annotated[str, AfterValidator(_date)]
Domain = Annotated[str, AfterValidator(_domain)]
Handle = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_handle)]
Platform = Annotated[str, AfterValidator(_platform)]


class Owner(Model):
    """Who owns a source, itself an entry."""

    id: Id = Field(examples=["velgrad-press-group"])
    reference: Reference | None = Field(default=None, examples=["https://gazette.example/about"])
    date: Date | None = Field(default=None, examples=["2026-11-22"])


class Affiliation(Model):
    """What a source itself, its charter or the law that made it says of whose it is, in its own words or nearly."""

    declared: str = Field(min_length=1, max_length=300, examples=["public broadcaster, by the Broadcasting Act"])
    reference: Reference | None = Field(default=None, examples=["https://gazette.example/charter"])
    date: Date | None = Field(default=None, examples=["2026-11-22"])


class Source(Model):
    """An outlet, agency, official, fact-checker, or somebody who only owns such."""

    id: Id = Field(examples=["velgrad-gazette"])
    name: str = Field(min_length=1, max_length=200, examples=["The Velgrad Gazette"])
    kind: Kind = Field(examples=["outlet"])
    reference: Reference = Field(examples=["https://gazette.example/about"])
    """Where all of this can be read, but for facts with a reference of their own."""
    date: Date = Field(examples=["2026-11-22"])
    """When it was read there."""
    names: tuple[str, ...] = Field(default=(), max_length=30, examples=[["Gazette"]])
    """Other names and spellings; of an agency with `credit`, those in which outlets credit it, too."""
    credit: str = Field(default="", max_length=200, examples=["AFP"])
    """Of an agency: the canonical name under which outlets credit it."""
    accounts: dict[Platform, tuple[Handle, ...]] = Field(default_factory=dict, examples=[{"x": ["gazette"]}])
    """Platform: handles."""
    domains: tuple[Domain, ...] = Field(default=(), max_length=50, examples=[["gazette.example"]])
    owner: Owner | None = Field(default=None, examples=[{"id": "velgrad-press-group"}])
    affiliation: Affiliation | None = Field(default=None, examples=[{"declared": "public broadcaster"}])


class SourceFile(Model):
    """A file of the registry."""

    sources: tuple[Source, ...] = Field(min_length=1, examples=[[{"id": "velgrad-gazette"}]])


_Found = tuple[Document, Trail, Source]


def check_sources(folder: Path) -> tuple[tuple[Source, ...], list[Problem]]:
    """The registry in a folder, by id, as far as it could be read, and what is wrong; nothing where there is none."""
    found: list[_Found] = []
    problems: list[Problem] = []
    if not folder.is_dir():
        return (), problems
    if what := no_folder(folder):
        return (), [Problem(visible(str(folder)), 0, 0, "", what, "a folder that may be read")]
    paths = yaml_files(folder)
    if not paths:
        what = "there is no file of the registry here, so nobody would be known"
        problems.append(Problem(visible(str(folder)), 0, 0, "", what, "outlets.yaml, or no such folder for ours"))
    for path in paths:
        document = read(path, visible(str(path)))
        if document.problems:
            problems += document.problems
            continue
        try:
            good = SourceFile.model_validate({} if document.data is None else document.data)
        except ValidationError as error:
            problems += explain(document, error.errors(include_url=False), SourceFile)
            continue
        found += [(document, ("sources", place), source) for place, source in enumerate(good.sources)]
    problems += _twice(found)
    problems += _credits(found)
    problems += _owners(found)
    return tuple(sorted((source for _, _, source in found), key=lambda source: source.id)), problems


def _twice(found: list[_Found]) -> Iterator[Problem]:
    """One id, account, domain or credit in two entries: whose it is would depend on the order of files."""
    seen: dict[tuple[str, str], tuple[str, str]] = {}
    for document, trail, source in found:
        facts: list[tuple[tuple[str, str], Trail]] = [(("id", source.id), ("id",))]
        if source.credit:
            facts.append((("credit", source.credit), ("credit",)))
        for platform, handles in source.accounts.items():
            facts += [
                ((f"{platform} account", handle.casefold()), ("accounts", platform, place))
                for place, handle in enumerate(handles)
            ]
        facts += [(("domain", domain), ("domains", place)) for place, domain in enumerate(source.domains)]
        for fact, key in facts:
            problem = document.problem((*trail, *key), "")
            where = f"{problem.file}:{problem.line}"
            other = seen.setdefault(fact, (source.id, where))
            if other != (source.id, where):
                what = f"the {fact[0]} {quoted(fact[1])} is already that of {other[0]}, in {other[1]}"
                yield problem._replace(what=what, write="it in one entry")


def agencies_of(sources: Iterable[Source]) -> Credits:
    """The agencies whose credit is found in texts: ours, in the spellings of the registry too, and its own."""
    agencies = dict(AGENCIES)
    for source in sources:
        if source.credit:
            agencies[source.credit] = tuple(dict.fromkeys((*agencies.get(source.credit, ()), *_forms(source))))
    return Credits(agencies)


def _forms(source: Source) -> tuple[str, ...]:
    """How outlets write whom they credit, as far as the entry says. Ours are not all written as we call them: "SPA" is
    many things.
    """
    return source.names if source.credit in AGENCIES else tuple(dict.fromkeys((source.credit, *source.names)))


def _credits(found: list[_Found]) -> Iterator[Problem]:
    """Credits that nobody would find, and spellings of two agencies."""
    seen: dict[str, str] = {}
    for document, trail, source in found:
        if not source.credit:
            continue
        if source.credit not in (*AGENCIES, source.name, *source.names):
            what = f"no agency whose credit is found in texts, came {quoted(source.credit)}"
            write = "one of " + ", ".join(AGENCIES) + "; or what also stands in name: or names:"
            yield document.problem((*trail, "credit"), what, write)
            continue
        for form in _forms(source):
            told = form.casefold() if known_in_any_case(form) else form
            whose = OURS.agency(form) or seen.setdefault(told, source.credit)
            key = ("names", source.names.index(form)) if form in source.names else ("credit",)
            if whose != source.credit:
                what = f"{quoted(form)} is already how {whose} is credited"
                yield document.problem((*trail, *key), what, "a spelling that is only its own")
            elif not any(map(str.isalnum, form)):
                yield document.problem((*trail, *key), "a name has a letter in it", "how outlets write it")


def _owners(found: list[_Found]) -> Iterator[Problem]:
    """Owners that are no entry, and those who own themselves in the end."""
    owned = {source.id: source.owner.id for _, _, source in found if source.owner}
    known = {source.id for _, _, source in found}
    for document, trail, source in found:
        if source.owner is None:
            continue
        place = (*trail, "owner", "id")
        if source.owner.id not in known:
            what = f"there is no entry {quoted(source.owner.id)}"
            yield document.problem(place, what, "the id of an entry, which may be of kind: owner")
        elif source.id in (loop := _chain(source.id, owned))[1:]:
            what = "owns itself in the end: " + " → ".join(loop)
            yield document.problem(place, what, "the owner at the top without owner:")


def _chain(name: str, owned: Mapping[str, str]) -> list[str]:
    """From a source to its owner, and so on, to the end or the first that comes again."""
    chain = [name]
    while chain[-1] in owned:
        chain.append(owned[chain[-1]])
        if chain[-1] in chain[:-1]:
            break
    return chain
