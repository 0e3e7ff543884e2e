"""What enrichment needs from the store, which satisfies it; wiring passes it in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from typing import Protocol


class Prints(Protocol):
    """The prints of all pictures ever looked at: what the index of them is made of."""

    def keep(self, kept: Sequence[tuple[str, bytes]]) -> None:
        """Keep the prints of these pictures, by their ids. Kept again, nothing changes.

        Raises:
            SourceAway: the store did not answer.
        """
        ...

    def after(self, seq: int) -> Iterator[tuple[int, str, bytes]]:
        """Number, picture and print of all that were kept or erased after a number, in order; empty: erased."""
        ...

    def before(self, picture: str, others: Sequence[str]) -> Set[str]:
        """Those of the others whose prints were kept before this picture's.

        Raises:
            SourceAway: the store did not answer.
        """
        ...

    def at(self, seq: int) -> str:
        """The picture of a number, "" where there is none: what tells one store from another."""
        ...

    def last(self) -> int:
        """The highest number given out; 0 for none."""
        ...
