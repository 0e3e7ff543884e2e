"""Pydantic's errors in words for somebody who edits YAML: what is wrong there, and what to write instead."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from types import UnionType
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from config.document import Document, Trail
from config.problem import Problem, as_yaml, came, quoted
from config.secrets import looks_secret

_KINDS = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a number with an end",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "dict_type": "keys with values",
    "model_type": "keys with values",
    "model_attributes_type": "keys with values",
}
_BOUNDS = {
    "greater_than": ("gt", "must be more than"),
    "greater_than_equal": ("ge", "must be at least"),
    "less_than": ("lt", "must be less than"),
    "less_than_equal": ("le", "must be at most"),
}
_NO = frozenset({"no", "off", "n", "never", "0"})
_SECRET_KEY = re.compile(r"token|secret|passw|bearer|api_?key", re.IGNORECASE)


class _Spot(NamedTuple):
    """What the schema has to say of a place: the model whose key it is, and the field."""

    model: type[BaseModel]
    field: FieldInfo | None


def explain(document: Document, errors: Sequence[ErrorDetails], model: type[BaseModel]) -> Iterator[Problem]:
    """A problem for each error, with its place."""
    for error in errors:
        trail: Trail = tuple(step for step in error["loc"] if step != "[key]")
        if error["type"] == "too_short" and error["input"]:
            continue  # pydantic counts only the items that passed; what is wrong with the others is told already
        if error["type"] == "extra_forbidden":
            what, write = _unknown(trail, _spot(model, trail[:-1]), model)
            yield document.problem(trail, what, write, at_key=True)
            continue
        what, write = _wrong(error, trail, _spot(model, trail))
        yield document.problem(trail, what, write, at_key="[key]" in error["loc"])


def _wrong(error: ErrorDetails, trail: Trail, spot: _Spot) -> tuple[str, str]:
    kind, value = error["type"], error["input"]
    context: Mapping[str, Any] = error.get("ctx", {})
    example = _example(trail, spot) if trail else _first_key(spot.model)
    if kind in _KINDS:
        return _wrong_kind(kind, value, trail, example)
    what, write = f"{error['msg']}, came {came(value)}", example
    if kind == "ours":
        what, write = f"{context['what']}, came {came(value)}", str(context["write"]) or example
    elif kind == "missing":
        what = f"the key {trail[-1]} is missing"
    elif kind in _BOUNDS:
        bound, words = _BOUNDS[kind]
        what = f"{words} {context[bound]:g}, came {came(value)}"
    elif kind == "literal_error":
        what, write = f"must be {context['expected']}, came {came(value)}", _choice(value, spot) or example
    elif kind in {"string_too_long", "too_long"}:
        noun = "characters" if kind == "string_too_long" else "entries"
        what, write = f"more than {context['max_length']} {noun}", "less" if noun == "characters" else "fewer"
    elif kind in {"string_too_short", "too_short"}:
        what = "nothing in it"
    elif kind == "string_pattern_mismatch":
        what = f"not of the form it must have, came {came(value)}"
    return what, write


def _wrong_kind(kind: str, value: object, trail: Trail, example: str) -> tuple[str, str]:
    key = next((str(step) for step in reversed(trail) if isinstance(step, str)), "")
    what = f"expected {_KINDS[kind]}, came {came(value)}"
    if value is None and trail and isinstance(trail[-1], int):
        what += " (YAML takes what follows a blank and # as a comment)"
    elif kind == "tuple_type" and isinstance(value, str | int | float):
        example = f"{key}: {as_yaml([value])}"
    elif kind == "string_type" and isinstance(value, int | float):
        example = f'"{as_yaml(value)}" in quotes'
    elif kind == "bool_type" and str(value).lower() in _NO:
        example = f"{key}: false"
    return what, example


def _unknown(trail: Trail, spot: _Spot, root: type[BaseModel]) -> tuple[str, str]:
    key = str(trail[-1])
    annotation = spot.field.annotation if spot.field else root
    inside = _model_of(annotation) or _model_of(_inner(annotation)) or root
    names = list(inside.model_fields)
    variables = sorted((name for name in names if name.endswith("_env")), key=lambda name: name != f"{key}_env")
    secret = next(iter(variables), "")
    if secret and (_SECRET_KEY.search(key) or looks_secret(key)):
        file = secret.replace("_env", "_file")
        also = f", or {file}: with the path of a file" if file in names else ""
        return "secrets do not stand in this file", f"{secret}: with the name of an environment variable{also}"
    near = get_close_matches(key.lower(), names, n=1, cutoff=0.6)
    if near:
        return f"no key {quoted(key)} here", near[0]
    for name, field in inside.model_fields.items():
        below = _model_of(field.annotation)
        if below and key in below.model_fields:
            return f"no key {quoted(key)} here", f"it inside {name}:"
    return f"no key {quoted(key)} here", "one of " + ", ".join(names)


def _example(trail: Trail, spot: _Spot) -> str:
    """The field's example, with its key where it is not an entry of a list."""
    if not spot.field or not spot.field.examples:
        return ""
    example = spot.field.examples[0]
    if trail and isinstance(trail[-1], int):
        if _model_of(spot.field.annotation):
            example = example[0] if isinstance(example, list) else example
        return as_yaml(example[0] if isinstance(example, list) else example)
    return f"{trail[-1]}: {as_yaml(example)}" if trail else as_yaml(example)


def _first_key(model: type[BaseModel]) -> str:
    name = next(iter(model.model_fields))
    return _example((name,), _spot(model, (name,)))


def _choice(value: object, spot: _Spot) -> str:
    choices = [str(choice) for choice in _choices(spot.field.annotation if spot.field else None)]
    near = get_close_matches(str(value), choices, n=1) or get_close_matches(str(value).upper(), choices, n=1)
    return near[0] if near else ""


def _choices(annotation: object) -> tuple[object, ...]:
    return get_args(annotation) if get_origin(annotation) is Literal else ()


def _spot(model: type[BaseModel], trail: Trail) -> _Spot:
    """Follow a trail through the models, through lists, mappings and optional values."""
    inside, field = model, None
    annotation: object = model
    for step in trail:
        here = _model_of(annotation)
        if isinstance(step, str) and here and step in here.model_fields:
            inside, field = here, here.model_fields[step]
            annotation = field.annotation
        elif isinstance(step, str) and here:
            return _Spot(here, None)
        else:
            annotation = _inner(annotation)
            entry = _field_of(annotation)
            field = entry or field
    return _Spot(inside, field)


def _field_of(annotation: object) -> FieldInfo | None:
    """The examples an entry's own type carries."""
    for extra in get_args(annotation)[1:] if get_origin(annotation) is Annotated else ():
        if isinstance(extra, FieldInfo) and extra.examples:
            return extra
    return None


def _bare(annotation: object) -> object:
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if get_origin(annotation) in {Union, UnionType}:
        return _bare(next((part for part in get_args(annotation) if part is not type(None)), None))
    return annotation


def _inner(annotation: object) -> object:
    """What a list or mapping holds."""
    arguments = [part for part in get_args(_bare(annotation)) if part is not Ellipsis]
    return arguments[-1] if arguments else None


def _model_of(annotation: object) -> type[BaseModel] | None:
    bare = _bare(annotation)
    if get_origin(bare) is tuple:
        return _model_of(get_args(bare)[0])
    return bare if isinstance(bare, type) and issubclass(bare, BaseModel) else None
