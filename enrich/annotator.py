"""What an annotator is: one tag of `Enriched`, worked out for a batch of posts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from secondsource.contracts.messages import Post

#: The values of earlier annotators by the field they fill, each as long as the batch.
Tags = Mapping[str, Sequence[Any]]


class Annotator(Protocol):
    """Stateless: the same post gives the same value in any batch, in any order.

    Never raises on a post's content, however hostile. Caches are allowed where they change nothing but time.
    """

    @property
    def fills(self) -> str:
        """The field of `Enriched` that it fills."""
        ...

    def annotate(self, posts: Sequence[Post], tags: Tags) -> Sequence[object]:
        """One value a post, in their order. `tags` holds what the annotators before it have said."""
        ...
