"""Groups of accounts that co-share among each other more than with others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import networkx

from alerts.origins.coordination import Edge


class Group(NamedTuple):
    """Accounts by name; `edges` kept ones among them, `shares` co-shares along these."""

    accounts: tuple[str, ...]
    edges: int
    shares: int


def groups(edges: Sequence[Edge]) -> list[Group]:
    """Communities of the kept edges, weighted by different objects; the largest first, and the same for the same edges.

    Louvain's method (Blondel et al. 2008, "Fast unfolding of communities in large networks"), with a fixed seed.
    """
    graph = networkx.Graph()
    for edge in sorted(edge for edge in edges if edge.kept):
        graph.add_edge(edge.a, edge.b, weight=edge.objects, shares=edge.shares)
    found = []
    for members in networkx.community.louvain_communities(graph, weight="weight", seed=0):
        among = graph.subgraph(members).edges(data="shares")
        found.append(Group(tuple(sorted(members)), len(among), sum(shares for _, _, shares in among)))
    return sorted(found, key=lambda group: (-len(group.accounts), group.accounts))
