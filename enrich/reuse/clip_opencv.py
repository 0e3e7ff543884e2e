"""Videos by the FFmpeg (LGPL-2.1) that OpenCV brings."""

from __future__ import annotations

import os
from io import BytesIO
from typing import Any, Self, cast

import cv2
import numpy as np
from numpy.typing import NDArray

# FFmpeg tells standard error of every damaged macroblock, OpenCV of every file that is none; what is wrong with a clip
# is in our answer. An operator who has set either keeps it; the first is read when a clip is first opened.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
if "OPENCV_LOG_LEVEL" not in os.environ:
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)


class OpenCvReader:
    """A `VideoReader`."""

    def __init__(self, source: cv2.VideoCapture, stored: BytesIO) -> None:
        self._source = source
        self._stored = stored  # must outlive the source, which reads it once more when it is released
        self.width, self.height = (
            int(source.get(each)) for each in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT)
        )
        self.rate = source.get(cv2.CAP_PROP_FPS)

    @classmethod
    def opened(cls, body: bytes, threads: int) -> Self | None:
        asked = [cv2.CAP_PROP_N_THREADS, threads, cv2.CAP_PROP_HW_ACCELERATION, cv2.VIDEO_ACCELERATION_NONE]
        stored = BytesIO(body)
        source = cast("Any", cv2.VideoCapture)(stored, cv2.CAP_FFMPEG, asked)  # its stub knows no BytesIO
        reader = cls(source, stored)
        if source.isOpened():
            return reader
        reader.close()
        return None

    def advance(self) -> float | None:
        return self._source.get(cv2.CAP_PROP_POS_MSEC) / 1000 if self._source.grab() else None

    def picture(self) -> NDArray[np.uint8] | None:
        shown, bgr = self._source.retrieve()
        return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)) if shown and bgr is not None else None

    def close(self) -> None:
        self._source.release()
        self._stored.close()
