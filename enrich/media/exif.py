"""What a picture's EXIF data says (EXIF 2.32): when, where and with what it was taken. Never more than a claim."""

from __future__ import annotations

import math
import re
import unicodedata
import warnings
from collections.abc import Mapping
from datetime import datetime
from io import BytesIO
from typing import Any, NamedTuple

from PIL import ExifTags, Image

from enrich.media import codecs

_FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "AVIF")
_OFFSET = re.compile(r"[+-]\d\d:\d\d\Z")
_FIRST_YEAR = 1826  # of photography
_LONGEST = 100  # characters of a maker's or a program's name


class Exif(NamedTuple):
    """`taken_at` with zone where the camera says it, else without; degrees as claimed; names cut to a sane length."""

    taken_at: datetime | None = None
    latitude: float | None = None
    longitude: float | None = None
    camera: str = ""
    software: str = ""


def taken_at(body: bytes) -> datetime | None:
    """With zone where the camera says it, else without; None where it says nothing, or only that its clock was not set.

    Never raises, whatever the bytes are: nothing but the header is read.
    """
    return exif(body).taken_at


def exif(body: bytes) -> Exif:
    """Never raises, whatever the bytes are: nothing but the header is read, and what is damaged says nothing."""
    formats = (*_FORMATS, "HEIF") if codecs.heic().on else _FORMATS
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that its EXIF is damaged is no news to anyone
            told = Image.open(BytesIO(body), formats=formats).getexif()
            main, taken, place = dict(told), told.get_ifd(ExifTags.IFD.Exif), told.get_ifd(ExifTags.IFD.GPSInfo)
    except Exception:  # noqa: BLE001 -- decoders raise nearly anything on damaged bytes
        return Exif()
    latitude, longitude = _place(place)
    maker, model = _words(main.get(ExifTags.Base.Make)), _words(main.get(ExifTags.Base.Model))
    camera = model if model.lower().startswith(maker.lower()) else f"{maker} {model}".strip()
    return Exif(_time(taken), latitude, longitude, camera[:_LONGEST], _words(main.get(ExifTags.Base.Software)))


def _time(told: Mapping[int, Any]) -> datetime | None:
    written, offset = told.get(ExifTags.Base.DateTimeOriginal), told.get(ExifTags.Base.OffsetTimeOriginal)
    if not isinstance(written, str):
        return None
    try:
        at = datetime.strptime(written.strip("\x00 "), "%Y:%m:%d %H:%M:%S")  # noqa: DTZ007 -- whoever asks knows the zone
    except ValueError:
        return None
    if at.year < _FIRST_YEAR or (at.month, at.day, at.hour, at.minute, at.second) == (1, 1, 0, 0, 0):
        return None  # what a camera whose clock was never set writes
    if isinstance(offset, str) and _OFFSET.match(offset.strip("\x00 ")):
        try:
            return datetime.fromisoformat(at.isoformat() + offset.strip("\x00 "))
        except ValueError:  # there is no such offset
            return at
    return at


def _place(told: Mapping[int, Any]) -> tuple[float | None, float | None]:
    """Both or neither. 0, 0 is what is written where nothing was received."""
    north = _degrees(told.get(ExifTags.GPS.GPSLatitude), told.get(ExifTags.GPS.GPSLatitudeRef), "NS", 90.0)
    east = _degrees(told.get(ExifTags.GPS.GPSLongitude), told.get(ExifTags.GPS.GPSLongitudeRef), "EW", 180.0)
    if north is None or east is None or (north, east) == (0.0, 0.0):
        return None, None
    return north, east


def _degrees(told: object, side: object, sides: str, most: float) -> float | None:
    """Degrees, minutes and seconds as one number, negative on the second of the two sides."""
    if not isinstance(told, tuple) or len(told) != 3 or not isinstance(side, str):
        return None
    try:
        degrees, minutes, seconds = (float(part) for part in told)
        found = degrees + minutes / 60 + seconds / 3600
    except (TypeError, ValueError, ArithmeticError):
        return None
    letter = side.strip("\x00 ").upper()
    if letter not in tuple(sides) or not math.isfinite(found) or not 0 <= found <= most:
        return None
    return round(-found if letter == sides[1] else found, 6)


def _words(told: object) -> str:
    """A name without what is not meant to be read."""
    if not isinstance(told, str):
        return ""
    seen = "".join(" " if unicodedata.category(sign)[0] in "CZ" else sign for sign in told[: 4 * _LONGEST])
    return " ".join(seen.split())[:_LONGEST]
