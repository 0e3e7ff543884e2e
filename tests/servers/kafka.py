"""A real Kafka broker: one KRaft node on 127.0.0.1, in a temporary folder."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import uuid
from base64 import urlsafe_b64encode
from pathlib import Path

from tests.servers import places
from tests.servers.process import Process, free_ports


class KafkaServer:
    """Keeps its port and its topics from `stop` or `kill` to the next `start`."""

    def __init__(self) -> None:
        self._java, self._jars = places.java(), places.kafka()
        self.folder = Path(tempfile.mkdtemp(prefix="secondsource-kafka-"))
        self._port, controller = free_ports(2)
        self._properties = self.folder / "server.properties"
        settings = self._guarded(_settings(self._port, controller, self.folder / "logs"))
        self._properties.write_text("".join(f"{key}={value}\n" for key, value in settings.items()))
        cluster = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        self._run(
            "kafka.tools.StorageTool",
            *("format", "--standalone", f"--cluster-id={cluster}", "-c", str(self._properties)),
            *self._users(),
        )
        self._process: Process | None = None

    def _guarded(self, settings: dict[str, object]) -> dict[str, object]:
        """The settings, where it is to be more than a plain broker."""
        return settings

    def _users(self) -> list[str]:
        return []

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self._port}"

    @property
    def running(self) -> bool:
        return self._process is not None

    def start(self) -> None:
        """Returns when the broker answers. Does nothing when it runs."""
        if self._process is None:
            # No log4j configuration: a broker says little, and what it says goes to the file shown on failure.
            command = [*self._command("-Xmx512m", "-Xms64m"), "kafka.Kafka", self._properties]
            self._process = Process(command, self.folder / "broker.log")
            self._process.wait_until(self._answers)

    def stop(self) -> None:
        """In order: the broker hands over and closes its logs."""
        if self._process is not None:
            self._process.stop()
            self._process = None

    def kill(self) -> None:
        """As a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process = None

    def remove(self) -> None:
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _command(self, *options: str) -> list[str | Path]:
        return [self._java, *options, "-XX:TieredStopAtLevel=1", "-cp", f"{self._jars}/*"]

    def _run(self, *arguments: str) -> None:
        done = subprocess.run(
            [*self._command("-Xmx128m"), *arguments], capture_output=True, text=True, timeout=120, check=False
        )
        if done.returncode:
            raise RuntimeError(f"{' '.join(arguments)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")

    def _answers(self) -> bool:
        """A broker opens its port before it serves: ask for the API versions it speaks and wait for a reply."""
        # api key 18 (ApiVersions) version 0, correlation id 7, client id "up"
        request = bytes.fromhex("0012 0000 00000007 0002") + b"up"
        try:
            with socket.create_connection(("127.0.0.1", self._port), timeout=5) as line:
                line.sendall(len(request).to_bytes(4, "big") + request)
                return line.recv(8)[4:] == bytes.fromhex("00000007")
        except OSError:
            return False


class GuardedKafkaServer(KafkaServer):
    """Lets in, by its second door, who trusts its certificate (`ca_file`) and knows the password (SCRAM over TLS)."""

    user, password = "velgrad", "ferry-at-noon"

    @property
    def guarded_bootstrap(self) -> str:
        return f"127.0.0.1:{self._guarded_port}"

    @property
    def ca_file(self) -> Path:
        return self.folder / "ca.pem"

    def _guarded(self, settings: dict[str, object]) -> dict[str, object]:
        (self._guarded_port,) = free_ports(1)
        store = self.folder / "broker.p12"
        keys = ["-alias", "broker", "-keystore", str(store), "-storetype", "PKCS12", "-storepass", self.password]
        names = ["-dname", "CN=127.0.0.1", "-ext", "SAN=ip:127.0.0.1", "-keyalg", "RSA", "-validity", "2"]
        self._keytool("-genkeypair", *keys, *names)
        self._keytool("-exportcert", "-rfc", *keys, "-file", str(self.ca_file))
        door = f",GUARDED://{self.guarded_bootstrap}"
        scram = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
        return settings | {
            "listeners": f"{settings['listeners']}{door}",
            "advertised.listeners": f"{settings['advertised.listeners']}{door}",
            "listener.security.protocol.map": f"{settings['listener.security.protocol.map']},GUARDED:SASL_SSL",
            "inter.broker.listener.name": "PLAINTEXT",
            "sasl.enabled.mechanisms": "SCRAM-SHA-512",
            "listener.name.guarded.scram-sha-512.sasl.jaas.config": scram,
            "ssl.keystore.location": store,
            "ssl.keystore.type": "PKCS12",
            "ssl.keystore.password": self.password,
        }

    def _users(self) -> list[str]:
        return ["--add-scram", f"SCRAM-SHA-512=[name={self.user},password={self.password}]"]

    def _keytool(self, *arguments: str) -> None:
        subprocess.run([Path(self._java).with_name("keytool"), *arguments], check=True, capture_output=True, timeout=60)


def _settings(port: int, controller: int, logs: Path) -> dict[str, object]:
    return {
        "process.roles": "broker,controller",
        "node.id": 1,
        "controller.quorum.bootstrap.servers": f"127.0.0.1:{controller}",
        "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}",
        "controller.listener.names": "CONTROLLER",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "log.dirs": logs,
        "offsets.topic.replication.factor": 1,
        "offsets.topic.num.partitions": 5,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "share.coordinator.state.topic.replication.factor": 1,
        "share.coordinator.state.topic.min.isr": 1,
        # a first group message otherwise takes three seconds, so that members may gather
        "group.initial.rebalance.delay.ms": 0,
        # tests that lose a worker must not wait long for the group to notice
        "group.min.session.timeout.ms": 1000,
        "auto.create.topics.enable": "false",
        "message.max.bytes": 4_000_000,
    }
