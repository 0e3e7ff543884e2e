"""How to reach a broker, checked; and what its client's errors mean to us."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import kafka.errors
from kafka.net.compat import KafkaNetClient

from secondsource.contracts.errors import BadConfiguration, SourceAway
from secondsource.runtime.transport import HandedOver

_FILES = ("ssl_cafile", "ssl_certfile", "ssl_keyfile", "ssl_crlfile")
_SECURITY = (
    "security_protocol",
    *_FILES,
    "ssl_password",
    "ssl_check_hostname",
    "ssl_ciphers",
    "sasl_mechanism",
    "sasl_plain_username",
    "sasl_plain_password",
    "sasl_kerberos_name",
    "sasl_kerberos_service_name",
    "sasl_kerberos_domain_name",
    "sasl_oauth_token_provider",
)
_CONSUMER_ONLY = ("session_timeout_ms", "heartbeat_interval_ms", "max_poll_interval_ms")
_OURS = ("prefix", "bootstrap_timeout_ms")
_PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")

#: What the broker says when no later try will do better.
_REFUSALS = (
    kafka.errors.AuthorizationError,
    kafka.errors.SaslAuthenticationFailedError,
    kafka.errors.UnsupportedSaslMechanismError,
    kafka.errors.KafkaConfigurationError,
    kafka.errors.InvalidTopicError,
    kafka.errors.MessageSizeTooLargeError,
    kafka.errors.UnsupportedVersionError,
)
#: What it says to a worker that is no longer, or not yet again, a member of its group.
_MOVES = (
    kafka.errors.CommitFailedError,
    kafka.errors.RebalanceInProgressError,
    kafka.errors.IllegalGenerationError,
    kafka.errors.UnknownMemberIdError,
    kafka.errors.FencedInstanceIdError,
)


class KafkaSettings:
    """A plain mapping, checked: `bootstrap_servers`, optional `prefix` of topic and group names, and the client's
    security settings under its own names (`security_protocol`, `ssl_*`, `sasl_*`).

    Raises:
        BadConfiguration: an unknown key, a missing file, half of a user name and password.
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        known = ("bootstrap_servers", *_OURS, *_SECURITY, *_CONSUMER_ONLY)
        unknown = sorted(set(settings) - set(known))
        if unknown:
            msg = f"Kafka settings: expected keys among {', '.join(known)}; got {', '.join(unknown)}"
            raise BadConfiguration(msg)
        servers = settings.get("bootstrap_servers")
        if not servers:
            msg = 'Kafka settings: expected bootstrap_servers, such as "kafka:9092"; got none'
            raise BadConfiguration(msg)
        self.servers = [server.strip() for server in servers.split(",")] if isinstance(servers, str) else list(servers)
        self.prefix = str(settings.get("prefix", ""))
        self.protocol = str(settings.get("security_protocol", "PLAINTEXT"))
        self._check(settings)
        self.client: dict[str, Any] = {
            "bootstrap_servers": self.servers,
            "bootstrap_timeout_ms": int(settings.get("bootstrap_timeout_ms", 5000)),
            "reconnect_backoff_max_ms": 5000,
            **{key: settings[key] for key in _SECURITY if settings.get(key) is not None},
        }
        self.consumer = {key: int(settings[key]) for key in _CONSUMER_ONLY if key in settings}

    def _check(self, settings: Mapping[str, Any]) -> None:
        if self.protocol not in _PROTOCOLS:
            msg = f"Kafka settings: expected security_protocol among {', '.join(_PROTOCOLS)}; got {self.protocol!r}"
            raise BadConfiguration(msg)
        for key in _FILES:
            if settings.get(key) and not Path(str(settings[key])).is_file():
                msg = f"Kafka settings: {key} names {settings[key]}, which is not a file"
                raise BadConfiguration(msg)
        if self.protocol.startswith("SASL") and not settings.get("sasl_mechanism"):
            msg = f"Kafka settings: {self.protocol} needs sasl_mechanism, such as SCRAM-SHA-512; got none"
            raise BadConfiguration(msg)
        if bool(settings.get("sasl_plain_username")) != bool(settings.get("sasl_plain_password")):
            msg = "Kafka settings: expected both of sasl_plain_username and sasl_plain_password; got one"
            raise BadConfiguration(msg)
        if settings.get("sasl_plain_username") and not self.protocol.startswith("SASL"):
            msg = f"Kafka settings: a SASL user name needs security_protocol SASL_SSL; got {self.protocol}"
            raise BadConfiguration(msg)

    def connect(self, kind: Callable[..., Any], **more: Any) -> Any:
        """A client of the given class.

        Raises:
            SourceAway: no broker answers.
            BadConfiguration: one refuses us.
        """
        started: list[Any] = []

        def net(**config: Any) -> Any:
            started.append(KafkaNetClient(**config))
            return started[0]

        try:
            with self.translated("connecting"):
                return kind(kafka_client=net, **self.client, **more)
        except BaseException:
            # A client that fails in its constructor leaves its thread and sockets behind.
            for client in started:
                client.close()
            raise

    @contextmanager
    def translated(self, doing: str) -> Iterator[None]:
        """Turn the client's errors into ours.

        Raises:
            HandedOver: the group is moving partitions.
            SourceAway: the broker did not answer, or not usefully.
            BadConfiguration: it refuses us.
        """
        try:
            yield
        except _MOVES as error:
            raise HandedOver(str(error)) from error
        except _REFUSALS as error:
            msg = f"Kafka at {', '.join(self.servers)} refuses {doing}: {type(error).__name__}: {error}"
            raise BadConfiguration(msg) from error
        except kafka.errors.KafkaError as error:
            raise self.away(doing, error) from error
        except (OSError, RuntimeError) as error:  # the client's loop was closed under us, or a socket failed
            raise self.away(doing, error) from error

    def away(self, doing: str, error: BaseException) -> SourceAway:
        hint = "is it up, and does it listen there?"
        if self.protocol.startswith("SASL"):
            hint += (
                " A wrong user name or password looks exactly like this:"
                " check sasl_mechanism, sasl_plain_username and sasl_plain_password."
            )
        if self.protocol.endswith("SSL"):
            hint += " So does a certificate that is not trusted: check ssl_cafile."
        what = f"{type(error).__name__}: {error}"
        return SourceAway(f"Kafka at {', '.join(self.servers)} does not answer while {doing} ({what}); {hint}")
