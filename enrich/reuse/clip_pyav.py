"""Videos by PyAV, an extra: its FFmpeg decodes AV1, too, and converts colours without rounding twice.

Its wheels bring x264 and x265, which are under the GPL; nothing of ours depends on it (docs/adr/0012).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from io import BytesIO
from typing import Final, Self

import av
import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation
from av.video.stream import VideoStream
from numpy.typing import NDArray

#: What a container's first bytes are, and FFmpeg's reader of it: none is guessed, and none opens another file.
_CONTAINERS: Final = ((b"\x1a\x45\xdf\xa3", "matroska"), (b"RIFF", "avi"), (b"G", "mpegts"))
_ELSE: Final = "mov"
#: As the reference implementation of PDQ for videos has its frames converted.
_CONVERTED: Final = Interpolation.BICUBIC | Interpolation.ACCURATE_RND


class PyAvReader:
    """A `VideoReader`. A damaged packet shows nothing; those after it may."""

    def __init__(self, container: InputContainer, stream: VideoStream, threads: int) -> None:
        context = stream.codec_context
        context.thread_count = threads
        self._container = container
        self._frames = _decoded(container, stream)
        self._frame: VideoFrame | None = None
        self._start = float((stream.start_time or 0) * (stream.time_base or 0))
        self.width, self.height = context.width, context.height
        self.rate = float(stream.average_rate) if stream.average_rate else math.nan

    @classmethod
    def opened(cls, body: bytes, threads: int) -> Self | None:
        kind = next((kind for head, kind in _CONTAINERS if body.startswith(head)), _ELSE)
        try:
            container = av.open(BytesIO(body), "r", format=kind, metadata_errors="replace")
        except av.FFmpegError:
            return None
        if not container.streams.video:
            container.close()
            return None
        return cls(container, container.streams.video[0], threads)

    def advance(self) -> float | None:
        self._frame = next(self._frames, None)
        if self._frame is None:
            return None
        return math.nan if self._frame.pts is None else self._frame.time - self._start

    def picture(self) -> NDArray[np.uint8] | None:
        frame = self._frame
        if frame is None:
            return None
        rgb = frame.reformat(format="rgb24", interpolation=_CONVERTED).to_ndarray()
        return np.ascontiguousarray(np.rot90(rgb, round(frame.rotation / 90)), np.uint8)

    def close(self) -> None:
        self._container.close()


def _decoded(container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame]:
    for packet in container.demux(stream):
        try:
            yield from packet.decode()
        except av.error.InvalidDataError:
            continue
