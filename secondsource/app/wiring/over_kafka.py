"""The stages over Kafka: one of them a process, or several."""

from __future__ import annotations

from functools import partial
from threading import Event

from config.loader import Configuration
from secondsource.app.wiring.house import House, waited_for
from secondsource.app.wiring.stages import StageName, runner_settings, stage
from secondsource.runtime.kafka import KafkaSettings, KafkaTransport, ensure_topics
from secondsource.runtime.runner import Runner
from secondsource.runtime.source import TopicPublisher


def kafka_settings(configuration: Configuration) -> KafkaSettings:
    kafka = configuration.deployment.kafka
    sasl = kafka.security_protocol.startswith("SASL")
    given = {
        "bootstrap_servers": kafka.bootstrap,
        "prefix": f"{kafka.prefix}.",
        "security_protocol": kafka.security_protocol,
        "ssl_cafile": kafka.ssl_ca_file,
        "ssl_certfile": kafka.ssl_cert_file,
        "ssl_keyfile": kafka.ssl_key_file,
        "sasl_mechanism": kafka.sasl_mechanism if sasl else None,
        "sasl_plain_username": kafka.sasl_username if sasl else None,
        "sasl_plain_password": configuration.kafka_password.reveal() if sasl and configuration.kafka_password else None,
    }
    return KafkaSettings({key: str(value) for key, value in given.items() if value})


def transport(at: House, client: str, stop: Event | None = None) -> KafkaTransport:
    """Connected to the configured broker, with the topics there, until the house closes. With `stop`, a broker that is
    away is waited for.

    Raises:
        SourceAway: the broker does not answer.
        BadConfiguration: it refuses us.
    """
    settings = kafka_settings(at.configuration)
    kafka = at.configuration.deployment.kafka
    there = partial(ensure_topics, settings, kafka.partitions, replication=kafka.replication)
    waited_for(at.retry, there, "broker", stop)
    made = KafkaTransport(settings, client_id=f"secondsource-{client}")
    at.closing.callback(made.close)
    return made


def runner(at: House, name: StageName, over: KafkaTransport) -> Runner:
    return Runner(
        stage(at, name),
        over,
        progress=at.store,
        metrics=at.metrics,
        clock=at.clock,
        retry=at.retry,
        settings=runner_settings(at),
    )


def publisher(at: House, over: KafkaTransport) -> TopicPublisher:
    return TopicPublisher(over, progress=at.store, metrics=at.metrics, clock=at.clock, retry=at.retry)
