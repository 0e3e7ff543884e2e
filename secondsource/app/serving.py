"""A web application in a thread of ours, until we are asked to stop."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Sequence
from threading import Event
from typing import Any

import uvicorn

from secondsource.app.threads import side_by_side
from secondsource.contracts.errors import BadConfiguration

_log = logging.getLogger(__name__)


def bound(host: str, port: int, *, what: str, key: str) -> list[socket.socket]:
    """Sockets on which `what` is to listen, one for each address of the host; `key` says where to set where.

    Raises:
        BadConfiguration: somebody else has the address, or it is none of this machine's.
    """
    found: list[socket.socket] = []
    try:
        told = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, address in dict.fromkeys((family, address) for family, _, _, _, address in told):
            found.append(socket.create_server((str(address[0]), int(address[1])), family=family))
    except OSError as error:
        for each in found:
            each.close()
        why = error.strerror if isinstance(error, socket.gaierror) else os.strerror(error.errno or 0)
        msg = f"{what} cannot listen on {host}:{port} ({why}); set {key} in secondsource.yaml"
        raise BadConfiguration(msg) from error
    return found


def serve(app: Any, sockets: Sequence[socket.socket], stop: Event, *, what: str) -> None:
    """Answer on these sockets until `stop` is set, and close them; requests under way get three seconds."""
    config = uvicorn.Config(app, log_config=None, log_level="warning", access_log=False, timeout_graceful_shutdown=3)
    server = uvicorn.Server(config)
    for each in sockets:
        _log.info("listening", extra={"what": what, "url": _url(each)})

    def watch(stopped: Event) -> None:
        stopped.wait()
        server.should_exit = True

    def listen(_: Event) -> None:
        try:
            server.run(list(sockets))
        finally:
            stop.set()

    side_by_side({f"{what} pages": listen, f"{what} stop": watch}, stop)


def _url(listening: socket.socket) -> str:
    host, port, *_ = listening.getsockname()
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
