"""The keys of parts that say by themselves what may be configured of them: their settings' dataclasses as checked YAML.

A field made by `secondsource.contracts.settings.setting` becomes a key with help, example and bounds; one of type
`Secret | None` named `token` becomes `token_env` and `token_file`; a tuple of dataclasses becomes a list of mappings.
What is not written keeps the dataclass's default.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NamedTuple, Protocol, Union, cast, get_args, get_origin, get_type_hints

from pydantic import AfterValidator, BaseModel, Field, create_model

from config.document import Trail
from config.schema import ConfigPath, Deployment, Model, Variable, with_a_host
from secondsource.contracts.secret import Secret

Settings = type[Any]  #: a frozen dataclass of fields made by `setting`
_LONGEST_LIST = 1000
_LONGEST_TEXT = 2000
_PLAIN = (bool, int, float, str)


class Off(Protocol):
    """What every part's settings can say."""

    def off(self) -> str: ...


class SecretKeys(NamedTuple):
    """Where a secret of a part's settings is to be found: `at` is the way to its field, without _env or _file."""

    at: Trail
    variable: str | None
    path: Path | None

    def key(self, ending: Literal["_env", "_file"]) -> Trail:
        return (*self.at[:-1], f"{self.at[-1]}{ending}")


def section(name: str, kind: Settings, *, listed: bool = False) -> type[Model]:
    """The model of a part's keys, or, `listed`, of the keys of an entry in one of its lists.

    Raises:
        TypeError: the dataclass has a field of another type, or one that `setting` has not made.
    """
    keys: dict[str, Any] = {}
    hints = get_type_hints(kind)
    for field in dataclasses.fields(kind):
        if "what" not in field.metadata:
            raise TypeError(f"{kind.__name__}.{field.name}: expected a field made by setting()")
        if _is_secret(hints[field.name]):
            keys |= _secret_keys(field)
        else:
            keys[field.name] = _key(_joined(name, field.name), field, hints[field.name], listed=listed)
    said = kind.__doc__ or ""
    of_its_own = not said.startswith(f"{kind.__name__}(")  # what dataclasses write where nothing was written
    return create_model(name, __base__=Model, __doc__=said if of_its_own else None, **keys)


def sections(name: str, kinds: Mapping[str, Settings]) -> type[Model]:
    """A mapping of such sections by their names."""
    keys: dict[str, Any] = {}
    for key, kind in kinds.items():
        model = section(_joined(name, key), kind)
        keys[key] = (model, Field(default=model(), examples=[{"enabled": True}]))
    return create_model(name, __base__=Model, **keys)


def deployment(collectors: Mapping[str, Settings]) -> type[Deployment]:
    """The model of secondsource.yaml where there are these collectors; always the same one for the same."""
    return _deployment(tuple(collectors.items()))


@cache
def _deployment(collectors: tuple[tuple[str, Settings], ...]) -> type[Deployment]:
    model = sections("Collectors", dict(collectors))
    known = Deployment.model_fields["collectors"]
    field = Field(default=model(), description=known.description, examples=known.examples)
    return create_model("Deployment", __base__=Deployment, __doc__=Deployment.__doc__, collectors=(model, field))


def secrets(kind: Settings, said: BaseModel, at: Trail) -> Iterator[SecretKeys]:
    """Where the secrets of a section are, those in its lists included."""
    hints = get_type_hints(kind)
    for field in dataclasses.fields(kind):
        below = (*at, field.name)
        if _is_secret(hints[field.name]):
            yield SecretKeys(below, getattr(said, f"{field.name}_env"), getattr(said, f"{field.name}_file"))
        elif (inner := _entry(hints[field.name])) is not None:
            for index, entry in enumerate(getattr(said, field.name)):
                yield from secrets(inner, entry, (*below, index))


def settings(kind: Settings, said: BaseModel, at: Trail, found: Mapping[Trail, Secret | None]) -> Any:
    """The dataclass, with the secrets that were found by the ways to their fields.

    Raises:
        ValueError, BadConfiguration: whatever its own checks raise.
    """
    hints = get_type_hints(kind)
    given: dict[str, Any] = {}
    for field in dataclasses.fields(kind):
        below = (*at, field.name)
        inner = _entry(hints[field.name])
        if _is_secret(hints[field.name]):
            given[field.name] = found.get(below)
        elif field.name in said.model_fields_set:
            value = getattr(said, field.name)
            if inner is not None:
                value = tuple(settings(inner, entry, (*below, index), found) for index, entry in enumerate(value))
            given[field.name] = value
    return kind(**given)


def _joined(name: str, key: str) -> str:
    return name + "".join(word.capitalize() for word in key.split("_"))


def _is_secret(hint: object) -> bool:
    return get_origin(hint) in {Union, UnionType} and set(get_args(hint)) == {Secret, NoneType}


def _entry(hint: object) -> Settings | None:
    """The dataclass that a tuple holds."""
    arguments = get_args(hint)
    if get_origin(hint) is tuple and len(arguments) == 2 and arguments[1] is Ellipsis:
        return cast("Settings", arguments[0]) if dataclasses.is_dataclass(arguments[0]) else None
    return None


def _secret_keys(field: dataclasses.Field[Any]) -> dict[str, Any]:
    what, example = field.metadata["what"], field.metadata["example"]
    variable = example if isinstance(example, str) else field.name.upper()
    file = f"/run/secrets/{variable.lower().replace('_', '-')}"
    return {
        f"{field.name}_env": (
            Variable | None,
            Field(
                default=None, description=f"{what} Name of an environment variable that holds it.", examples=[variable]
            ),
        ),
        f"{field.name}_file": (
            ConfigPath | None,
            Field(default=None, description=f"{what} Path of a file that holds it.", examples=[file]),
        ),
    }


def _key(name: str, field: dataclasses.Field[Any], hint: Any, *, listed: bool) -> tuple[Any, Any]:
    """The type and the field of a key. In an entry of a list, a text that may not be empty has to be written."""
    about = field.metadata
    more: dict[str, Any] = {"description": about["what"], "examples": [_shown(about["example"])]}
    inner = _entry(hint)
    if inner is not None:
        model = section(name, inner, listed=True)
        more |= _lengths(about) | {"default": (), "examples": [[_example(inner)]]}
        return tuple[model, ...], Field(**more)  # type: ignore[valid-type] # a model made just now
    if hint == tuple[str, ...]:
        more |= _lengths(about) | {"default": field.default}
        return tuple[_text(about, pattern=_whole(about.get("pattern"))), ...], Field(**more)  # type: ignore[misc]
    if hint not in _PLAIN:
        raise TypeError(f"{name}: a setting is {', '.join(kind.__name__ for kind in _PLAIN)}, a tuple or a Secret")
    if hint is str:
        pattern = about.get("pattern")
        longest = about.get("at_most", _LONGEST_TEXT)
        hint = _text(about, min_length=about.get("at_least"), max_length=longest, pattern=_whole(pattern))
        if listed and not field.default and (about.get("at_least") or (pattern and not re.fullmatch(pattern, ""))):
            return hint, Field(**more)
    else:
        more |= {"ge": about.get("at_least"), "le": about.get("at_most")}
    return hint, Field(**more, default=field.default)


def _text(about: Mapping[str, Any], **bounds: Any) -> Any:
    """A text within bounds; where it must be an address, one that a host can be read from."""
    within = Annotated[str, Field(**bounds)]
    return Annotated[within, AfterValidator(with_a_host)] if "://" in about.get("pattern", "") else within


def _whole(pattern: str | None) -> str | None:
    return f"^(?:{pattern})$" if pattern else None


def _lengths(about: Mapping[str, Any]) -> dict[str, int]:
    return {"min_length": int(about.get("at_least", 0)), "max_length": int(about.get("at_most", _LONGEST_LIST))}


def _example(kind: Settings) -> dict[str, Any]:
    """An entry of a list as it would stand in the file, with the keys that have an example of their own."""
    fields = [field for field in dataclasses.fields(kind) if not _is_secret(get_type_hints(kind)[field.name])]
    return {field.name: _shown(field.metadata["example"]) for field in fields if field.metadata["example"]}


def _shown(example: object) -> object:
    return [_shown(entry) for entry in example] if isinstance(example, tuple) else example
