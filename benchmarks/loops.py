"""The bare consume-edit-produce loop: kafka-python (the yardstick for ours), confluent-kafka, quixstreams.

Each reads the same posts from one topic, adds a field to the JSON and produces it to another, as its own documentation
does it, with the settings that were fastest for it.
"""

from __future__ import annotations

import json
import logging
import time
from datetime import timedelta

from benchmarks.report import Report
from benchmarks.stream import posts
from secondsource.contracts.messages import encode
from tests.servers.kafka import KafkaServer

FAST = {"linger_ms": 20, "batch_size": 262_144, "compression_type": "lz4", "acks": "all"}


def fill(bootstrap: str, topic: str, count: int, partitions: int = 4) -> None:
    """Put `count` invented posts on a new topic."""
    from kafka import KafkaProducer
    from kafka.admin import KafkaAdminClient, NewTopic

    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    admin.create_topics([NewTopic(topic, partitions, 1), NewTopic(f"{topic}-out", partitions, 1)])
    admin.close()
    producer = KafkaProducer(bootstrap_servers=bootstrap, **FAST)
    for post in posts(count):
        producer.send(topic, encode(post), key=post.root.encode())
    producer.close()


def kafka_python(bootstrap: str, topic: str, count: int) -> float:
    """Posts/s of a plain kafka-python loop."""
    from kafka import KafkaConsumer, KafkaProducer

    consumer = KafkaConsumer(
        topic, bootstrap_servers=bootstrap, group_id=f"{topic}-kp", auto_offset_reset="earliest",
        enable_auto_commit=False, max_poll_records=5000, fetch_max_wait_ms=20,
    )  # fmt: skip
    producer = KafkaProducer(bootstrap_servers=bootstrap, **FAST)
    done, start = 0, time.perf_counter()
    while done < count:
        for records in consumer.poll(timeout_ms=200).values():
            for record in records:
                edited = json.loads(record.value)
                edited["seen"] = True
                producer.send(f"{topic}-out", json.dumps(edited).encode(), key=record.key)
            done += len(records)
        producer.flush()
        consumer.commit()
    took = time.perf_counter() - start
    consumer.close()
    producer.close()
    return done / took


def confluent(bootstrap: str, topic: str, count: int) -> float:
    """Posts/s of a plain confluent-kafka loop."""
    from confluent_kafka import Consumer, Producer

    consumer = Consumer(
        {"bootstrap.servers": bootstrap, "group.id": f"{topic}-cf", "auto.offset.reset": "earliest",
         "enable.auto.commit": False}
    )  # fmt: skip
    producer = Producer(
        {"bootstrap.servers": bootstrap, "linger.ms": 20, "compression.type": "lz4", "batch.size": 262_144,
         "queue.buffering.max.messages": 1_000_000}
    )  # fmt: skip
    consumer.subscribe([topic])
    done, start = 0, time.perf_counter()
    while done < count:
        messages = consumer.consume(5000, 0.2)
        for message in messages:
            edited = json.loads(message.value())
            edited["seen"] = True
            producer.produce(f"{topic}-out", json.dumps(edited).encode(), key=message.key())
        done += len(messages)
        producer.flush()
        if messages:
            consumer.commit(asynchronous=False)
    took = time.perf_counter() - start
    consumer.close()
    return done / took


def quixstreams(bootstrap: str, topic: str, count: int) -> float:
    """Posts/s of a quixstreams dataframe with JSON at both ends."""
    from quixstreams import Application

    app = Application(
        broker_address=bootstrap, consumer_group=f"{topic}-qx", auto_offset_reset="earliest",
        producer_extra_config={"linger.ms": 20, "compression.type": "lz4"}, loglevel="ERROR",
    )  # fmt: skip
    inlet = app.topic(topic, value_deserializer="json", key_deserializer="bytes")
    outlet = app.topic(f"{topic}-out", value_serializer="json", key_serializer="bytes")
    frame = app.dataframe(inlet).apply(lambda post: {**post, "seen": True})
    frame.to_topic(outlet)
    start = time.perf_counter()
    app.run(count=count, timeout=timedelta(seconds=120).total_seconds())
    return count / (time.perf_counter() - start)


def run(report: Report, scale: float) -> None:
    logging.getLogger("kafka").setLevel(logging.ERROR)
    server = KafkaServer()
    server.start()
    try:
        count = int(100_000 * scale)
        fill(server.bootstrap, "loop", count)
        bare = kafka_python(server.bootstrap, "loop", count)
        report.add("transport", "bare kafka-python loop", bare, "posts/s")
        report.add("transport", "bare confluent-kafka loop", confluent(server.bootstrap, "loop", count), "posts/s")
        report.add("transport", "quixstreams", quixstreams(server.bootstrap, "loop", count), "posts/s")
    finally:
        server.remove()
