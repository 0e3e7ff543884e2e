"""Log lines that a machine can split and no post can forge: one line an event, controls escaped."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import IO, Literal

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}

# C0, DEL, C1, line and paragraph separators, bidi controls, lone surrogates: whatever moves a terminal's
# cursor, starts a line, reorders what is read, or cannot be written as UTF-8.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")


def escape(text: str) -> str:
    r"""Every character that could move a cursor, end a line or reorder text, as \uXXXX."""
    return _UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


class _Lines(logging.Formatter):
    def fields(self, record: logging.LogRecord) -> dict[str, object]:
        fields: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
        }
        fields.update((name, value) for name, value in vars(record).items() if name not in _STANDARD)
        if record.exc_info:
            fields["traceback"] = self.formatException(record.exc_info)
        return fields


class JsonLines(_Lines):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        # json.dumps escapes C0 itself; the rest is escaped in its output, where \uXXXX means the same.
        return escape(json.dumps(self.fields(record), ensure_ascii=False, default=str))


class KeyValue(_Lines):
    """`key=value` with values quoted as JSON strings where they hold more than a word."""

    def format(self, record: logging.LogRecord) -> str:
        return " ".join(f"{key}={self._value(value)}" for key, value in self.fields(record).items())

    @staticmethod
    def _value(value: object) -> str:
        text = str(value)
        if re.fullmatch(r"[\w.:@/+#-]+", text, re.ASCII):
            return text
        return escape(json.dumps(text, ensure_ascii=False))


_FORMATS: Mapping[str, type[logging.Formatter]] = {"keyvalue": KeyValue, "json": JsonLines}


def configure_logging(
    stream: IO[str], *, level: int | str = "INFO", form: Literal["keyvalue", "json"] = "keyvalue"
) -> None:
    """Send all logging of this process to `stream`. Called once, by wiring; again replaces."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_FORMATS[form]())
    logging.basicConfig(handlers=[handler], level=level, force=True)
    # Services' clients report each step of a reconnect; our own retry says what matters of it.
    is_debug = logging.getLogger().level <= logging.DEBUG
    logging.getLogger("kafka").setLevel(logging.DEBUG if is_debug else logging.ERROR)
    for client in ("kafka.net", "slack_sdk.web.base_client"):
        logging.getLogger(client).setLevel(logging.DEBUG if is_debug else logging.CRITICAL)
    # Says at each start which instructions of the processor it would like to use.
    logging.getLogger("faiss").setLevel(logging.WARNING)
    # Says at each start that it has looked at the tables.
    logging.getLogger("alembic").setLevel(logging.WARNING)
