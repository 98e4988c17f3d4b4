"""Write what happens as one record a line, for people or for programs, each with the id of the request it belongs to.

Records of every library go through the same two steps: a filter on the handler adds the request id, a formatter writes
`text` (time, level, message, then `name=value`) or `json`. What follows a text record, such as a traceback, is led by
`  | `, so that one record can be told from the next.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TextIO

from pythonjsonlogger.core import RESERVED_ATTRS, merge_record_extra
from pythonjsonlogger.json import JsonFormatter

REQUEST_ID: ContextVar[str | None] = ContextVar("request_id", default=None)
"""The id of the request that this thread answers, `None` outside of one."""
GIVEN_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
"""A request id that a proxy may give: it goes into logs and headers as it is."""
_FOLLOWS = "\n  | "
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_BARE = re.compile(r"[^\s\"=\\]+")
_QUIET = {"waitress": logging.WARNING, "waitress.queue": logging.ERROR, "werkzeug": logging.WARNING}
"""Least level of loggers that would otherwise tell every connection."""


def start_logging(form: str, level: str, stream: TextIO | None = None) -> None:
    """Send every record of at least `level` (`info`) to standard error as `text` or `json`, from now on.

    Libraries are heard from `warning` on.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.addFilter(with_request_id)
    handler.setFormatter(json_formatter() if form == "json" else TextFormatter())
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
    root.addHandler(handler)
    least = logging.getLevelNamesMapping()[level.upper()]
    root.setLevel(max(least, logging.WARNING))
    for name in ("fixlore", "web", "search", "indexer", "kb"):
        logging.getLogger(name).setLevel(least)
    for name, lowest in _QUIET.items():
        logging.getLogger(name).setLevel(max(least, lowest))
    logging.captureWarnings(True)


def with_request_id(record: logging.LogRecord) -> bool:
    """Add the request id to a record, and take out the path that waitress tells: it may hold a sign-in secret."""
    request_id = REQUEST_ID.get()
    if request_id is not None and not hasattr(record, "request_id"):
        record.request_id = request_id
    if record.name == "waitress" and isinstance(record.msg, str):
        record.msg = re.sub(r"(?<= while serving ).*", "a request", record.msg, flags=re.DOTALL)
    return True


def json_formatter() -> logging.Formatter:
    """Return what writes a record as one JSON object: time, level, logger, message, exc_info, and its own fields."""
    return _JsonFormatter("%(message)s")


class _JsonFormatter(JsonFormatter):
    def add_fields(
        self, log_data: dict[str, object], record: logging.LogRecord, message_dict: dict[str, object]
    ) -> None:
        """Put when, how grave and who before the message."""
        log_data.update(time=_time(record), level=record.levelname.lower(), logger=record.name)
        super().add_fields(log_data, record, message_dict)


class TextFormatter(logging.Formatter):
    """Writes `2026-11-25T22:43:44.123Z INFO request method=GET status=200`; no value can begin a line of its own."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record without a line end."""
        line = f"{_time(record)} {record.levelname} {_CONTROL.sub(_escaped, record.getMessage())}"
        line += "".join(f" {name}={_value(value)}" for name, value in _fields(record).items())
        follows = []
        if record.exc_info:
            follows.append(self.formatException(record.exc_info))
        if record.stack_info:
            follows.append(self.formatStack(record.stack_info))
        return _FOLLOWS.join([line, *(_CONTROL.sub(_escaped, part) for text in follows for part in text.splitlines())])


def _fields(record: logging.LogRecord) -> Mapping[str, object]:
    """Return what a record carries beside the fields that every record has."""
    return merge_record_extra(record, {}, reserved=[*RESERVED_ATTRS, "color_message"])


def _value(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    text = _CONTROL.sub(_escaped, text)
    return text if _BARE.fullmatch(text) else '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _escaped(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode("ascii")


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
