"""A web application in a thread of ours, until we are asked to stop."""

from __future__ import annotations

from threading import Event
from typing import Any

import uvicorn

from secondsource.app.threads import side_by_side
from secondsource.contracts.errors import BadConfiguration


def serve(app: Any, host: str, port: int, stop: Event, *, what: str, key: str) -> None:
    """Listen until `stop` is set; requests under way get three seconds. `what` listens, `key` says where to set where.

    Raises:
        BadConfiguration: somebody else has the address.
    """
    config = uvicorn.Config(app, host, port, log_config=None, access_log=False, timeout_graceful_shutdown=3)
    server = uvicorn.Server(config)

    def watch(stopped: Event) -> None:
        stopped.wait()
        server.should_exit = True

    def listen(_: Event) -> None:
        try:
            server.run()
        except SystemExit as error:  # how uvicorn says that the address is taken
            msg = f"{what} cannot listen on {host}:{port}; set {key} in secondsource.yaml"
            raise BadConfiguration(msg) from error
        finally:
            stop.set()

    side_by_side({f"{what} pages": listen, f"{what} stop": watch}, stop)
