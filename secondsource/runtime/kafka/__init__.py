"""The transport over Apache Kafka. The only room that knows the broker's client (kafka-python 3)."""

from secondsource.runtime.kafka.settings import KafkaSettings
from secondsource.runtime.kafka.topics import ensure_topics
from secondsource.runtime.kafka.transport import KafkaTransport

__all__ = ["KafkaSettings", "KafkaTransport", "ensure_topics"]
