"""The topics there are to be, and what a message on one may weigh."""

from __future__ import annotations

import logging

import kafka.errors
from kafka import KafkaAdminClient

from secondsource.contracts import topics
from secondsource.runtime.kafka.settings import KafkaSettings

_log = logging.getLogger(__name__)

#: Bytes a message may have. A post of 100,000 characters in any script has 0.6 MB; letters carry bytes as base64.
LIMIT = 4 * 1024 * 1024
LETTER_LIMIT = 16 * 1024 * 1024


def ensure_topics(settings: KafkaSettings, partitions: int, *, replication: int = 1) -> dict[str, int]:
    """Create the topics that are missing; those that exist are left as they are. Returns each one's partitions.

    Raises:
        SourceAway: no broker answers.
        BadConfiguration: it refuses to create them.
    """
    admin = settings.connect(KafkaAdminClient, client_id="secondsource-topics", request_timeout_ms=10_000)
    try:
        with settings.translated("creating topics"):
            there = set(admin.list_topics())
            missing = {
                settings.prefix + topic: {
                    "num_partitions": partitions,
                    "replication_factor": replication,
                    "configs": {
                        "max.message.bytes": str((LETTER_LIMIT if topic == topics.DEAD_LETTERS else LIMIT) + 65_536)
                    },
                }
                for topic in topics.ALL
                if settings.prefix + topic not in there
            }
            if missing:
                try:
                    admin.create_topics(missing, wait_for_metadata=True)
                except kafka.errors.TopicAlreadyExistsError:
                    _log.info("another process created the topics first")
            described = admin.describe_topics([settings.prefix + topic for topic in topics.ALL])
    finally:
        admin.close()
    return {each["name"].removeprefix(settings.prefix): len(each["partitions"]) for each in described}
