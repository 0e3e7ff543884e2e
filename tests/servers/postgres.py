"""A real PostgreSQL on 127.0.0.1, in a temporary folder. It refuses to run as root, so root runs it as `postgres`."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import uuid
from pathlib import Path

import psycopg

from tests.servers import places
from tests.servers.process import Process, free_ports


def _unprivileged() -> str | None:
    """Whom to run the server as; None for ourselves."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


class PostgresServer:
    """Keeps its port and its databases from `stop` or `kill` to the next `start`."""

    def __init__(self) -> None:
        self._bin = places.postgres_bin()
        self._user = _unprivileged()
        # not under pytest's own temporary folder, which only we may enter
        self._folder = Path(tempfile.mkdtemp(prefix="secondsource-postgres-"))
        if self._user:
            shutil.chown(self._folder, self._user)
        self._data = self._folder / "data"
        (self._port,) = free_ports(1)
        done = subprocess.run(
            [
                *(self._bin / "initdb", "-D", self._data, "-U", "postgres", "--auth=trust", "--no-sync"),
                *("--encoding=UTF8", "--locale=C.UTF-8", "--no-instructions"),
            ],
            user=self._user,
            group=self._user,
            extra_groups=[] if self._user else None,
            cwd=self._folder,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"initdb ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        self._process: Process | None = None

    @property
    def port(self) -> int:
        return self._port

    @property
    def running(self) -> bool:
        return self._process is not None

    def start(self) -> None:
        """Returns when the server takes connections. Does nothing when it runs."""
        if self._process is None:
            settings = {
                "listen_addresses": "127.0.0.1",
                "port": self._port,
                "unix_socket_directories": self._folder,
                # the data need not outlive the machine, only the process
                "fsync": "off",
                "full_page_writes": "off",
                "shared_buffers": "128MB",
                "max_connections": 100,
                "timezone": "UTC",
            }
            options = [f"--{key}={value}" for key, value in settings.items()]
            command: list[str | Path] = [self._bin / "postgres", "-D", self._data, *options]
            self._process = Process(command, self._folder.with_suffix(".log"), user=self._user)
            self._process.wait_until(self._answers)

    def stop(self) -> None:
        """Ends every connection, then the server ("fast shutdown")."""
        if self._process is not None:
            self._process.stop(signal.SIGINT)
            self._process = None

    def kill(self) -> None:
        """As a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process = None

    def remove(self) -> None:
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.with_suffix(".log").unlink(missing_ok=True)

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://postgres@127.0.0.1:{self._port}/{database}"

    def create_database(self) -> str:
        """A fresh, empty database; its name."""
        name = f"t{uuid.uuid4().hex[:12]}"
        self._execute(f'CREATE DATABASE "{name}"')
        return name

    def drop_database(self, name: str) -> None:
        self._execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def _execute(self, statement: str) -> None:
        where = f"host=127.0.0.1 port={self._port} user=postgres dbname=postgres connect_timeout=10"
        with psycopg.connect(where, autocommit=True) as connection:
            connection.execute(statement.encode())

    def _answers(self) -> bool:
        try:
            self._execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True
