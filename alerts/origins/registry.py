"""Who is behind an account, where the source registry knows it; wiring makes it from the configuration.

Unknown accounts are their own owner.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from alerts.memory.digests import digest
from secondsource.contracts.credits import OURS, Credits
from secondsource.contracts.messages import Post

#: Platforms whose handles are domains that their holders have shown to be theirs.
_BY_DOMAIN = frozenset({"feed", "bluesky"})


class Listed(NamedTuple):
    """An entry of the registry. `owner` is the id at the top of the chain of owners, its own where nobody owns it.

    `credit` is the name under which outlets credit an agency. `reference` is where the ownership can be read, as of
    `date`.
    """

    id: str
    name: str
    kind: str
    owner: str
    owner_name: str
    credit: str = ""
    affiliation: str = ""
    reference: str = ""
    date: str = ""

    def evidence(self) -> str:
        """For a person: whose it is, and where that can be read."""
        whose = f"{self.name} belongs to {self.owner_name}" if self.owner != self.id else f"{self.name}"
        return f"{whose} (source registry; {self.reference}, {self.date})"


class Registry:
    """Sources by account and domain. Case does not matter."""

    def __init__(
        self,
        accounts: Iterable[tuple[str, str, Listed]] = (),
        domains: Mapping[str, Listed] | None = None,
        coordinated: Iterable[tuple[str, str]] = (),
        agencies: Credits = OURS,
    ) -> None:
        """`accounts`: platform, handle, source. `coordinated`: uids of two accounts whose edge was kept."""
        self.agencies = agencies  #: those whose credit is found in posts
        self._accounts = {(platform, handle.casefold()): source for platform, handle, source in accounts}
        self._domains = dict(domains or {})
        self._pairs: dict[str, tuple[int, ...]] = {}
        for one, other in coordinated:
            pair = digest(f"pair {min(one, other)} {max(one, other)}")
            for account in (one, other):
                known = self._pairs.get(account, ())
                self._pairs[account] = known if pair in known else (*known, pair)

    def source_of(self, post: Post) -> Listed | None:
        """The source whose account wrote the post."""
        return self.of_account(post.platform, post.author.handle)

    def of_account(self, platform: str, handle: str) -> Listed | None:
        """The source that has an account."""
        if not self._accounts and not self._domains:
            return None
        handle = handle.casefold()
        found = self._accounts.get((platform, handle))
        if found is None and platform in _BY_DOMAIN:
            return self.of_domain(handle)
        return found

    def pairs_of(self, account: str) -> tuple[int, ...]:
        """The coordinated pairs that an account, by uid, is one of."""
        return self._pairs.get(account, ())

    def of_domain(self, domain: str) -> Listed | None:
        """The source of a domain, or of one that it is part of ("arabic.gazette.example": gazette.example)."""
        while domain:
            found = self._domains.get(domain)
            if found is not None:
                return found
            domain = domain.partition(".")[2]
        return None


NOBODY = Registry()
