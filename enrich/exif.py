"""When a picture says of itself that it was taken (EXIF 2.32, tags DateTimeOriginal and OffsetTimeOriginal)."""

from __future__ import annotations

import re
import warnings
from datetime import UTC, datetime
from io import BytesIO

from PIL import ExifTags, Image

_FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "AVIF")
_OFFSET = re.compile(r"[+-]\d\d:\d\d\Z")


def taken_at(body: bytes) -> datetime | None:
    """With zone where the camera says it, else without; None where it says nothing, or only that its clock was not set.

    Never raises, whatever the bytes are: nothing but the header is read.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that its EXIF is damaged is no news to anyone
            image = Image.open(BytesIO(body), formats=_FORMATS)
            told = image.getexif().get_ifd(ExifTags.IFD.Exif)
    except Exception:  # noqa: BLE001 -- decoders raise nearly anything on damaged bytes
        return None
    written, offset = told.get(ExifTags.Base.DateTimeOriginal), told.get(ExifTags.Base.OffsetTimeOriginal)
    if not isinstance(written, str):
        return None
    try:
        at = datetime.strptime(written.strip("\x00 "), "%Y:%m:%d %H:%M:%S")  # noqa: DTZ007 -- whoever asks knows the zone
    except ValueError:
        return None
    if (at.month, at.day, at.hour, at.minute, at.second) == (1, 1, 0, 0, 0):
        return None  # what a camera whose clock was never set writes
    if isinstance(offset, str) and _OFFSET.match(offset.strip("\x00 ")):
        return datetime.fromisoformat(at.isoformat() + offset.strip("\x00 ")).astimezone(UTC)
    return at
