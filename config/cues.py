"""Cues: the words that tell how a post takes what it speaks of. One YAML file a language, `cues/en.yaml`:

denies:
  - this is not
  - old picture
asks:
  - is this real
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import get_args

from config.document import Document, Trail, read
from config.languages import KNOWN_LANGUAGES, nearest_language
from config.problem import Problem, WrongFiles, as_yaml, came, quoted, visible
from secondsource.contracts.messages import StanceLabel

Cues = dict[str, dict[str, tuple[str, ...]]]  #: language → label → cues
MAX_CUE = 100  #: characters


def load_cues(folder: Path) -> Cues:
    """Cues of every language in a folder.

    Raises:
        BadConfiguration: with every problem, one a line.
    """
    cues, problems = check_cues(folder)
    if problems:
        raise WrongFiles(tuple(problems))
    return cues


def check_cues(folder: Path) -> tuple[Cues, list[Problem]]:
    """What could be read, and what is wrong."""
    cues: Cues = {}
    problems: list[Problem] = []
    paths = [path for path in folder.iterdir() if path.suffix in {".yaml", ".yml"}] if folder.is_dir() else []
    for path in sorted(paths):
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
        yield document.problem((), f"expected labels with cues, came {came(document.data)}", "denies: [this is not]")
        return
    labels = get_args(StanceLabel)
    for label, found in document.data.items():
        trail: Trail = (label,)
        if label not in labels:
            yield document.problem(trail, f"no label {quoted(label)}", "one of " + ", ".join(labels), at_key=True)
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
                elif not cue.strip() or len(cue) > MAX_CUE:
                    what = f"a cue is 1 to {MAX_CUE} characters"
                    yield document.problem((label, index), what, "a few words, like this is not")
