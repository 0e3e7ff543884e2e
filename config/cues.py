"""Cues: the words that tell how a post takes what it speaks of. One YAML file a language, `cues/en.yaml`:

denies:
  - this is not
  - old picture
asks:
  - is this real
attribution:
  - according to {source}
negations:
  - never

`{year}` stands for a year before the post's own, `{source}` for a name, in `attribution` and `denies`, `{few}` for up
to three words, `{name}`, in `disowns`, for what this is not; a cue that ends in * for every word that begins so, one
that ends in a full stop for the end of a clause. What the lists mean stands at the head of `cues/en.yaml`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from config.document import Document, Trail, read
from config.languages import KNOWN_LANGUAGES, nearest_language
from config.places import no_folder, yaml_files
from config.problem import Problem, WrongFiles, as_yaml, came, quoted, visible

Cues = dict[str, dict[str, tuple[str, ...]]]  #: language → list → cues
LISTS = (
    "denies", "elsewhere", "pictures", "disowns", "owns", "rebuts", "alone", "asks", "affirms", "comments", "idle",
    "attribution", "hedges", "pronouns", "negations", "negations_after",
)  # fmt: skip
_PLACES: dict[str, tuple[str, ...]] = {
    "attribution": ("{source}",),
    "denies": ("{year}", "{source}", "{few}"),
    "disowns": ("{name}",),
    "elsewhere": ("{year}", "{few}"),
    "idle": ("{few}",),
    **dict.fromkeys(("pictures", "owns", "alone", "comments", "pronouns", "negations", "negations_after"), ()),
}
#: Lists of words, which hold no place for anything.
WORDS = ("pictures", "owns", "pronouns", "negations", "negations_after")
MAX_CUE = 100  #: characters
SHORTEST_STEM = 3  #: characters before a *

_PLACE = re.compile(r"\{[^{}]*\}?|\}")
#: What says something in a regular expression, and nothing in a post: a cue is words.
_EXPRESSION = re.compile(r"[()\[\]|\\^$+<>=]|\.\*|\.\?")


def load_cues(folder: Path) -> Cues:
    """Cues of every language in a folder.

    Raises:
        BadConfiguration: with every problem, one a line; or there is no such folder.
    """
    if not folder.is_dir():
        what = "there is no such folder"
        raise WrongFiles((Problem(visible(str(folder)), 0, 0, "", what, "one with files like en.yaml"),))
    cues, problems = check_cues(folder)
    if problems:
        raise WrongFiles(tuple(problems))
    return cues


def check_cues(folder: Path) -> tuple[Cues, list[Problem]]:
    """What could be read, and what is wrong."""
    cues: Cues = {}
    problems: list[Problem] = []
    if no_folder(folder):
        return cues, problems  # told where it is named
    paths = yaml_files(folder)
    if not paths:
        what = "there is no file of cues here, so nothing would tell how a post takes what it speaks of"
        problems.append(Problem(visible(str(folder)), 0, 0, "", what, "files like en.yaml"))
    for path in paths:
        document = read(path, visible(str(path)))
        problems += document.problems
        if document.problems:
            continue
        said = list(_wrong(path.stem, document))
        problems += said
        if not said and isinstance(document.data, dict):
            cues[path.stem] = {label: tuple(dict.fromkeys(found)) for label, found in document.data.items()}
    return cues, problems


def _wrong(language: str, document: Document) -> Iterator[Problem]:
    if language not in KNOWN_LANGUAGES:
        near = nearest_language(language) or "en"
        yield document.problem(
            (), f"{quoted(language)} is not a language code we know", f"a file name like {near}.yaml"
        )
    if not isinstance(document.data, dict):
        yield document.problem((), f"expected lists of cues, came {came(document.data)}", "denies: [this is not]")
        return
    for label, found in document.data.items():
        trail: Trail = (label,)
        if label not in LISTS:
            yield document.problem(trail, f"no list {quoted(label)}", "one of " + ", ".join(LISTS), at_key=True)
        elif not isinstance(found, tuple):
            write = f"{label}: {as_yaml([found])}" if isinstance(found, str) else f"{label}: [this is not]"
            yield document.problem(trail, f"expected a list, came {came(found)}", write)
        else:
            for index, cue in enumerate(found):
                if not isinstance(cue, str):
                    what = f"expected text, came {came(cue)}"
                    write = (
                        f'"{as_yaml(cue)}" in quotes'
                        if isinstance(cue, bool | int | float)
                        else "a cue, like this is not"
                    )
                    yield document.problem((label, index), what, write)
                else:
                    yield from (document.problem((label, index), what, write) for what, write in _wrong_cue(label, cue))


def _wrong_cue(label: str, cue: str) -> Iterator[tuple[str, str]]:
    """What is wrong with a cue, and what to write."""
    places = _PLACE.findall(cue)
    words = [part.strip() for part in _PLACE.split(cue)]
    if len(cue) > MAX_CUE or not any(any(map(str.isalnum, part)) for part in words):
        yield f"a cue has a word in it and at most {MAX_CUE} characters", "a few words, like this is not"
        return
    if (sign := _EXPRESSION.search(cue)) is not None:
        yield f"{quoted(sign[0])} stands in no cue, which is no regular expression", "the words, a cue for each form"
        return
    allowed = _PLACES.get(label, ("{year}",))
    for place in places:
        if place not in allowed:
            yield f"{quoted(place)} cannot stand here", f"{allowed[0]} or a word" if allowed else "a word"
    if len(places) > 1:
        yield "more than one place to fill in", "a cue for each"
    elif "{few}" in places and not all(words):
        yield "{few} stands between two words", "a word on both sides of it"
    elif not {"{source}", "{name}"}.isdisjoint(places) and all(words):
        yield "a name with words on both sides of it", "the words before it, or those after it"
    elif label == "disowns" and not places:
        yield "no place for what this is not", f"{cue} {{name}}"
    ending = words[0] or words[-1]
    stem = ending.removesuffix("*")
    if "*" in cue and (label in WORDS or cue.count("*") > 1 or not ending.endswith("*")):
        yield "* stands at the end of a cue, for any ending of its last word", ending.replace("*", "")
    elif "*" in cue and sum(map(str.isalnum, stem)) < SHORTEST_STEM:
        yield f"a * after fewer than {SHORTEST_STEM} letters would be in every post", "more of the word"
