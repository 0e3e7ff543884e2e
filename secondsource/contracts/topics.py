"""The four topics and their keys. One ordered stream carries a post and all that later happens to it
(counts, takedown), so neither can overtake the other (docs/adr/0004).
"""

from __future__ import annotations

POSTS = "posts"  #: Post, Engagement, Takedown by root post; Coverage by collector; Tick to every partition
ENRICHED = "enriched"  #: Enriched, Engagement, Takedown by watch; Coverage, Tick to every partition
ALERTS = "alerts"  #: StoryUpdate, AlertEvent by watch
DEAD_LETTERS = "dead-letters"  #: DeadLetter by its id

ALL = (POSTS, ENRICHED, ALERTS, DEAD_LETTERS)
