"""What can go wrong, in four kinds that are each answered in one way.

    SecondSourceError
    ├── BadRecord          this record cannot be handled: dead-letter it, go on
    ├── SourceAway         a service is away: back off, try again, keep the offset
    ├── BadConfiguration   say file, line, key and what to write instead; never start
    └── Halted             too many bad records in a row: stop the stage rather than eat the stream

Every message says what was expected, what came, and what to do.
"""

from __future__ import annotations


class SecondSourceError(Exception):
    """Root of the tree; never raised itself."""


class BadRecord(SecondSourceError):
    """One record cannot be handled, and no retry will change that."""


class SourceAway(SecondSourceError):
    """A service (broker, database, platform, Slack) did not answer; a later try may succeed.

    `retry_after` is in seconds, where the service said how long to wait.
    """

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class BadConfiguration(SecondSourceError):
    """The configuration, the credentials or the environment cannot work as given."""


class Halted(SecondSourceError):
    """A stage met more bad records in a row than its limit allows."""
