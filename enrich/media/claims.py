"""What a picture's file says of itself, gathered: its EXIF data and its Content Credentials. Claims, never facts."""

from __future__ import annotations

from enrich.media.credentials import credentials
from enrich.media.exif import exif
from secondsource.contracts.messages import Claims

_NONE = Claims()


def claims(body: bytes) -> Claims | None:
    """None where the file says nothing. Never raises, whatever the bytes are."""
    said, signed = exif(body), credentials(body)
    found = Claims(
        taken_at=said.taken_at.isoformat() if said.taken_at else "",
        latitude=said.latitude,
        longitude=said.longitude,
        camera=said.camera,
        software=said.software,
        credentials=signed.state,
        credentials_by=signed.by,
    )
    return None if found == _NONE else found
