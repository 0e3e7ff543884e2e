"""Bounds that an operator may set, as they are unless one does: configuration offers them, the rooms keep them."""

from __future__ import annotations

from typing import Final

PICTURE_BYTES: Final = 20_000_000  #: of one picture, as it is fetched
PICTURE_PIXELS: Final = 50_000_000  #: of one picture, before it is decoded
FETCH_SECONDS: Final = 10.0  #: for one try to fetch, redirects included
FETCHED_AT_ONCE: Final = 8
FETCHED_FROM_ONE_HOST: Final = 4
KEY_FRAMES: Final = 16  #: of an animation
RECORDS_AT_ONCE: Final = 2000  #: handled, and committed, together
BAD_IN_A_ROW: Final = 100  #: records that cannot be handled before a stage halts
SAVE_SECONDS: Final = 2.0  #: between savings of a stage's memory
