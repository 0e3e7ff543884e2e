"""What people have, made readable: packed files, folders of one post each, exports of Telegram and of one's own X
account. Whatever comes is taken apart into files that can be read from any place, UTF-8, one record after another.

What has to be changed for that goes into unnamed temporary files; the originals are only read.
"""

from __future__ import annotations

import codecs
import hashlib
import mmap
import re
import shlex
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from lzma import LZMAError
from pathlib import Path, PurePosixPath
from typing import IO, Any, BinaryIO, NamedTuple, cast

import msgspec

from ingest.collectors.replay.records import BOM, copied, identity, opened, records
from ingest.formats.reading import FAULTS, MAX_RECORD
from secondsource.contracts.errors import BadConfiguration

_EDGE = 1 << 20
_MOST_FILES = 500  #: open at once; beside them, any number that hold one object each
_READABLE = frozenset({".json", ".jsonl", ".ndjson", ".js", ".csv", ".tsv", ".txt"})
_OWN_ARCHIVE = re.compile(rb"window\.YTD\.[\w.]+\s*=\s*")
_TWEETS = re.compile(r"(?:tweets?|deleted-tweets?)(?:-part\d+)?\.js\Z")
_CHAT = re.compile(
    rb'"type"\s*:\s*"(?:personal_chat|bot_chat|saved_messages|replies|verify_codes|'
    rb'(?:private|public)_(?:group|supergroup|channel))"'
)
_ZIP = b"PK\x03\x04"
_BROKEN = (EOFError, zlib.error, LZMAError, zipfile.BadZipFile)  # what unpacking raises of what is cut off or damaged
_AS_A_WHOLE = (b"\x1f\x8b", _ZIP, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*+"|[\[\]{}]', re.DOTALL)


class Taken(NamedTuple):
    """A file as it will be read. `where` says where a line of it stood; `folder` is what its pictures' paths go from.

    `unwrapped` is what it was, where that is known: "telegram" or "x-v1". `notes` are for a person.
    """

    name: str
    file: BinaryIO
    where: Callable[[int], str]
    unwrapped: str = ""
    folder: Path | None = None
    notes: tuple[str, ...] = ()


class _Entry(NamedTuple):
    """A file of a folder or of a zip archive."""

    name: str
    open: Callable[[], BinaryIO]

    @property
    def base(self) -> str:
        return PurePosixPath(self.name).name


def taken(path: Path, files: ExitStack) -> list[Taken]:
    """A file, folder or archive as files to read; `files` closes them.

    Raises:
        BadConfiguration: nothing there that could be read, broken packing, or more than fits.
    """
    try:
        if path.is_dir():
            return _many(path.name, list(_in_folder(path)), files, path)
        if zipfile.is_zipfile(path):
            archive = files.enter_context(zipfile.ZipFile(path))
            return _many(path.name, list(_in_archive(archive)), files, None)
        file = files.enter_context(opened(path))
        if file.read(4) == _ZIP:
            raise BadConfiguration(f"{path}: this zip archive is broken or cut off: its table of contents is missing")
        return [_one(path.name, file, files, path.parent, None)]
    except (OSError, *_BROKEN, RuntimeError, NotImplementedError) as error:
        raise BadConfiguration(
            f"{path}: expected a readable file: {getattr(error, 'strerror', None) or error}"
        ) from error


def told_apart(path: Path) -> str:
    """What a cursor remembers a file or folder by.

    Raises:
        BadConfiguration: no such file, not readable, or a pipe.
    """
    if path.exists() and not path.is_file() and not path.is_dir():
        raise BadConfiguration(
            f"{path}: expected a file, which can be read again from any place; a pipe is read as standard input:"
            f" secondsource replay - < {shlex.quote(str(path))}"
        )
    if not path.is_dir():
        return identity(path)
    digest, size = hashlib.blake2b(digest_size=8), 0
    for entry in sorted(path.rglob("*")):
        if entry.is_file():
            size += entry.stat().st_size
            digest.update(f"{entry.relative_to(path).as_posix()}\0{entry.stat().st_size}\0".encode("utf-8", "replace"))
    return f"{size}-{digest.hexdigest()}"


def has_grown(path: Path, before: str) -> bool:
    """Whether a file is what it was, `told_apart` so, and more behind it: one that somebody appends to.

    Only of files that are read as they stand: what was packed or is one value for the whole file has changed.
    """
    size = size_of(before)
    if path.is_dir() or not 0 < size < path.stat().st_size or identity(path, size) != before:
        return False
    with path.open("rb") as file:
        return not file.read(4).startswith(_AS_A_WHOLE)


def is_cut_off(path: Path, end: int) -> bool:
    """Whether a line goes on where the file ended before it grew."""
    with path.open("rb") as file:
        file.seek(end - 1)
        return file.read(1) != b"\n"


def size_of(told: str) -> int:
    """In bytes, as `told_apart` has it; 0 for standard input."""
    size = told.partition("-")[0]
    return int(size) if size.isdecimal() else 0


def export_folder(path: Path) -> Path | None:
    """The folder whose pictures an export of Telegram names; None for anything else."""
    if path.is_dir():
        return path if any(path.rglob("result.json")) else None
    if path == Path("-") or not path.is_file():
        return None
    with path.open("rb") as file:
        return path.parent if _is_telegram(file.read(_EDGE)) else None


# --- folders and archives --------------------------------------------------------------------------------------------


def _in_folder(path: Path) -> Iterator[_Entry]:
    for entry in sorted(path.rglob("*")):
        name = entry.relative_to(path).as_posix()
        if entry.is_file() and _may_be_read(name):
            yield _Entry(name, lambda entry=entry: opened(entry))  # type: ignore[misc]  # the default binds it


def _in_archive(archive: zipfile.ZipFile) -> Iterator[_Entry]:
    for info in sorted(archive.infolist(), key=lambda info: info.filename):
        if not info.is_dir() and _may_be_read(info.filename):
            yield _Entry(info.filename, lambda info=info: _unpacked(archive, info))  # type: ignore[misc]  # as above


def _unpacked(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> BinaryIO:
    try:
        return _spooled(archive.open(info), info.filename)
    except _BROKEN as error:
        msg = f"{archive.filename}: this zip archive is broken where it holds {info.filename}: {error}"
        raise BadConfiguration(msg) from error


def _may_be_read(name: str) -> bool:
    path = PurePosixPath(name)
    if any(part.startswith((".", "__MACOSX")) for part in path.parts):
        return False
    return path.suffix.lower() in _READABLE or (path.suffix.lower() == ".gz" and len(path.suffixes) > 1)


def _many(name: str, entries: list[_Entry], files: ExitStack, folder: Path | None) -> list[Taken]:
    exports = [entry for entry in entries if entry.base == "result.json"]
    archived = [entry for entry in entries if _TWEETS.match(entry.base)]
    account = None
    if exports:
        entries = exports
    elif archived:
        account = next((_account(entry) for entry in entries if entry.base == "account.js"), None)
        entries = archived
    single = _Singles(name)
    found: list[Taken] = []
    for entry in entries:
        file = entry.open()
        body = file.read(MAX_RECORD + 1) if not exports and not archived else b""
        if body and entry.base.endswith(".json") and len(body) <= MAX_RECORD and _is_one_object(body):
            single.add(entry.name, body)
            file.close()
            continue
        if len(found) == _MOST_FILES:
            raise BadConfiguration(f"{name}: holds more than {_MOST_FILES} files; put them into fewer, or replay parts")
        files.callback(file.close)
        file.seek(0)
        below = (folder / entry.name).parent if folder is not None else None
        found.append(_one(f"{name}/{entry.name}", file, files, below, account))
    if single.names:
        found.append(single.taken(files))
    if not found:
        raise BadConfiguration(
            f"{name}: holds no file that could be read: {', '.join(sorted(_READABLE))}, packed or not"
        )
    return found


def _is_one_object(body: bytes) -> bool:
    """One object for the whole file, though it may be broken; not one a line."""
    body = body.removeprefix(BOM).strip()
    if body[:1] != b"{" or _is_telegram(body[:_EDGE]):
        return False
    first, _, rest = body.partition(b"\n")
    return not rest.strip() or not _decodes(first)


def _decodes(body: bytes) -> bool:
    try:
        msgspec.json.decode(body)
    except FAULTS:
        return False
    return True


class _Singles:
    """Files of one object each, put on a line each."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._file = _temporary()
        self.names: list[str] = []

    def add(self, name: str, body: bytes) -> None:
        # a line break inside a JSON string is written \n, so these stand between values
        self._file.write(body.removeprefix(BOM).replace(b"\r", b" ").replace(b"\n", b" ") + b"\n")
        self.names.append(name)

    def taken(self, files: ExitStack) -> Taken:
        files.callback(self._file.close)
        self._file.seek(0)
        notes = (f"{len(self.names):,} files of one object each",)
        return Taken(self._name, self._file, lambda line: f"{self._name}/{self.names[line - 1]}:1", notes=notes)


# --- one file --------------------------------------------------------------------------------------------------------


def _one(name: str, file: BinaryIO, files: ExitStack, folder: Path | None, account: dict[str, Any] | None) -> Taken:
    notes: list[str] = []
    file = _as_utf8(file, files, notes)
    file.seek(0)
    head = file.read(_EDGE)
    if _OWN_ARCHIVE.match(head.removeprefix(BOM).lstrip()):
        if account is None and folder is not None and (folder / "account.js").is_file():
            account = _account(_Entry("account.js", lambda: opened(folder / "account.js")))
        unwrapped = _own_posts(file, account)
        files.callback(unwrapped.close)
        if account is None:
            notes.append("no account.js beside it, so its posts have no author")
        return Taken(name, unwrapped, lambda line: f"{name}:post {line}", "x-v1", None, tuple(notes))
    if _is_telegram(head):
        unwrapped, places, skipped = _messages(file)
        files.callback(unwrapped.close)
        notes.append(f"{skipped:,} service messages are no posts")
        return Taken(name, unwrapped, lambda line: f"{name}:{places[line - 1]}", "telegram", folder, tuple(notes))
    return Taken(name, file, lambda line: f"{name}:{line}", notes=tuple(notes))


def _as_utf8(file: BinaryIO, files: ExitStack, notes: list[str]) -> BinaryIO:
    """The file itself, or a copy of one in UTF-16."""
    file.seek(0)
    mark = file.read(2)
    if mark not in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return file
    notes.append("UTF-16, read as such by its mark")
    copy = _temporary()
    files.callback(copy.close)
    decoder = codecs.getincrementaldecoder("utf-16-le" if mark == codecs.BOM_UTF16_LE else "utf-16-be")("replace")
    while chunk := file.read(_EDGE):
        copy.write(decoder.decode(chunk).encode("utf-8", "replace"))
    copy.write(decoder.decode(b"", final=True).encode("utf-8", "replace"))
    return copy


def _spooled(packed: IO[bytes], name: str) -> BinaryIO:
    copy = _temporary()
    with packed:
        copied(packed, copy, name)
    copy.seek(0)
    return copy


def _temporary() -> BinaryIO:
    return cast("BinaryIO", tempfile.TemporaryFile(buffering=_EDGE))


# --- one's own X archive ---------------------------------------------------------------------------------------------


def _account(entry: _Entry) -> dict[str, Any] | None:
    """The owner as API v1.1 writes a user; None where the file does not say."""
    with entry.open() as file:
        body = _OWN_ARCHIVE.sub(b"", file.read(_EDGE), count=1)
    try:
        owner = msgspec.json.decode(body.strip().rstrip(b";"))[0]["account"]
        return {
            "id_str": str(owner["accountId"]),
            "screen_name": owner["username"],
            "name": owner["accountDisplayName"],
        }
    except (*FAULTS, LookupError, TypeError):
        return None


def _own_posts(file: BinaryIO, account: dict[str, Any] | None) -> BinaryIO:
    """One v1.1 status a line: without its wrapping, with its author, with counts that are numbers."""
    lines = _temporary()
    file.seek(0)
    array = _temporary()
    array.write(_OWN_ARCHIVE.sub(b"", file.read(_EDGE), count=1))
    shutil.copyfileobj(file, array, _EDGE)
    array.flush()
    for record in records(array, "values"):
        lines.write(_own_post(record.body, account) + b"\n")
    array.close()
    lines.seek(0)
    return lines


def _own_post(body: bytes, account: dict[str, Any] | None) -> bytes:
    """One that cannot be read comes as it is, on a line, to be refused with its reason."""
    try:
        status = msgspec.json.decode(body)
        status = status.get("tweet", status)
        status["user"] = account or {"id_str": "unknown", "screen_name": ""}
        for count in ("favorite_count", "retweet_count"):
            if isinstance(status.get(count), str):
                status[count] = int(status[count])
        return msgspec.json.encode(status)
    except (*FAULTS, AttributeError, TypeError, ValueError):
        return body.replace(b"\r", b" ").replace(b"\n", b" ")


# --- exports of Telegram ---------------------------------------------------------------------------------------------


def _is_telegram(head: bytes) -> bool:
    """One chat, or a whole account. An object a line (a recording of ours) is neither."""
    head = head.removeprefix(BOM).lstrip()
    return head[:1] == b"{" and b'"messages"' in head and _CHAT.search(head) is not None and not _decodes_first(head)


def _decodes_first(head: bytes) -> bool:
    first, _, rest = head.partition(b"\n")
    return bool(rest.strip()) and _decodes(first)


def _messages(file: BinaryIO) -> tuple[BinaryIO, list[str], int]:
    """`{"chat": {…}, "message": {…}}` a line, where each stood, and how many service messages were left out."""
    lines, places, skipped = _temporary(), [], 0
    file.seek(0, 2)
    if file.tell():
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as whole:
            line = counted = 0
            for begin, message, chat in _found(whole):
                line += whole[counted:begin].count(b"\n")
                counted = begin
                if b'"service"' in message[:400] and re.search(rb'"type"\s*:\s*"service"', message[:400]):
                    skipped += 1
                    continue
                body = b'{"chat":' + chat + b',"message":' + message + b"}"
                lines.write(body.replace(b"\r", b" ").replace(b"\n", b" ") + b"\n")
                places.append(str(line + 1))
    lines.seek(0)
    return lines, places, skipped


def _found(whole: mmap.mmap) -> Iterator[tuple[int, bytes, bytes]]:
    """Where each message begins, its bytes, and those of its chat's own fields. One cut off comes as far as it goes."""
    opens: list[int] = []
    inside: list[tuple[int, bytes]] = []  # depth of a "messages" list, and its chat
    key = (0, 0)
    begin, depth_of_message = -1, -1
    for token in _TOKEN.finditer(whole):
        at = token.start()
        mark = whole[at : at + 1]
        if mark == b'"':
            if begin < 0:
                key = token.span()
        elif mark in b"{[":
            if begin < 0 and inside and mark == b"{" and len(opens) == inside[-1][0]:
                begin, depth_of_message = at, len(opens)
            elif begin < 0 and mark == b"[" and whole[key[0] : key[1]] == b'"messages"' and opens:
                chat = whole[opens[-1] : key[0]].rstrip(b", \t\r\n") + b"}"
                inside.append((len(opens) + 1, chat if _decodes(chat) else b"{}"))
            opens.append(at)
        elif opens:
            opens.pop()
            if begin >= 0 and len(opens) == depth_of_message:
                yield begin, whole[begin : token.end()], inside[-1][1]
                begin = -1
            elif inside and len(opens) < inside[-1][0]:
                inside.pop()
    if begin >= 0:
        yield begin, whole[begin : begin + MAX_RECORD], inside[-1][1]
