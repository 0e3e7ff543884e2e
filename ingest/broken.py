"""Why a stream over HTTP ended, in words for an operator."""

from __future__ import annotations

import requests
import urllib3


def why(error: Exception, stall: float) -> str:
    """`stall`: after how many seconds without a byte reading gives up."""
    if isinstance(error, (requests.Timeout, urllib3.exceptions.TimeoutError)):
        return f"nothing came for {stall:g} s"
    if isinstance(error, (requests.RequestException, urllib3.exceptions.HTTPError, OSError)):
        return f"the connection broke: {type(error).__name__}"
    return f"reading failed: {type(error).__name__}: {error}"
