"""Sentence models in ONNX form: a folder in, an `Embedder` out. Only here are `onnxruntime` and `tokenizers` known.

A folder holds what the sentence-transformers library would read of a model: `model.onnx` (or `model_quantized.onnx`,
either of them perhaps under `onnx/`), `tokenizer.json`, and where not the mean of its tokens stands for a text,
`1_Pooling/config.json`.

Texts are read one at a time and without padding. A quantized model measures its numbers by the largest in what it is
given, so that a text would get other numbers beside other texts; alone, and in one thread, it gets the same each time.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alerts.text.understanding import Floats
from secondsource.contracts.errors import BadConfiguration

MODELS = ("model.onnx", "model_quantized.onnx", "onnx/model.onnx", "onnx/model_quantized.onnx")
TOKENIZER = "tokenizer.json"
INSTALL = "pip install 'secondsource[embeddings]'"
#: Characters of a text that are read; a post quotes fewer.
LONGEST = 10_000

_TOKENS = 256  # that are read where nothing says how many the model was made for
_MOST_TOKENS = 512  # time grows with their square
_TYPES: dict[str, type[np.generic]] = {"tensor(int64)": np.int64, "tensor(int32)": np.int32}
_POOLED = ("sentence_embedding", "text_embeds")  # outputs that have a row a text
_FIELDS = {"input_ids": "ids", "attention_mask": "attention_mask", "token_type_ids": "type_ids"}


def model_file(folder: Path) -> Path | None:
    """The model of a folder; None where it has none."""
    return next((folder / name for name in MODELS if (folder / name).is_file()), None)


def model_of(folder: Path) -> Path:
    """The model of a folder that has its tokenizer beside it.

    Raises:
        BadConfiguration: one of the two is missing.
    """
    file = model_file(folder)
    if file is None:
        raise BadConfiguration(f"{folder}: expected one of {', '.join(MODELS)} there, found none")
    if not (folder / TOKENIZER).is_file():
        raise BadConfiguration(f"{folder}: expected {TOKENIZER} beside the model, found none")
    return file


class SentenceModel:
    """An `Embedder`: rows of length one, all 0 for a text in which the model finds nothing to read."""

    def __init__(self, folder: Path) -> None:
        """Read the model of a folder.

        Raises:
            BadConfiguration: a library or a file is missing, or they hold no sentence model; with what to do.
        """
        try:
            import onnxruntime  # noqa: PLC0415 -- an extra: who has no model need not have it
            import tokenizers  # noqa: PLC0415
        except ImportError as missing:
            msg = f"{folder} cannot be read without {missing.name}: {INSTALL}"
            raise BadConfiguration(msg) from missing
        file = model_of(folder)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4  # what goes wrong is raised
        self._tokenizer = _read(folder / TOKENIZER, lambda path: tokenizers.Tokenizer.from_file(str(path)))
        self._session: Any = _read(
            file, lambda path: onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        )
        self.tokens = _length(folder, self._tokenizer.truncation)  #: of a text that are read
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(self.tokens)
        self._given = {one.name: _TYPES.get(one.type) for one in self._session.get_inputs()}
        odd = sorted(name for name, kind in self._given.items() if name not in _FIELDS or kind is None)
        if odd or "input_ids" not in self._given:
            asked = ", ".join(odd) or "no input_ids"
            raise BadConfiguration(f"{file} asks for {asked}; a sentence model is given {', '.join(_FIELDS)}")
        self._output, self._pooled = _output(file, self._session)
        self._first = _pools_first(folder)
        self.length = 0  #: of a row
        try:
            self.length = len(self._run(self._tokenizer.encode("0")))
        except Exception as error:
            what = f"({type(error).__name__}: {str(error)[:200]})"
            raise BadConfiguration(f"{file} does not run with {TOKENIZER} {what}: are they of one model?") from error

    def vectors(self, texts: Sequence[str]) -> Floats:
        rows = [self._vector(text) for text in texts]
        return np.array(rows, np.float32) if rows else np.zeros((0, self.length), np.float32)

    def _vector(self, text: str) -> NDArray[np.floating[Any]]:
        text = text[:LONGEST].encode("utf-8", "replace").decode()  # half a character is none
        read = self._tokenizer.encode(text)
        if all(read.special_tokens_mask):
            return np.zeros(self.length)
        row = self._run(read)
        length = float(np.linalg.norm(row))
        return row / length if length > 0 else row

    def _run(self, read: Any) -> NDArray[np.floating[Any]]:
        given = {name: np.array([getattr(read, _FIELDS[name])], kind) for name, kind in self._given.items()}
        made = self._session.run([self._output], given)[0][0]
        if self._pooled:
            return np.asarray(made, np.float64)
        states = np.asarray(made, np.float64)
        # Nothing is padded, so that the mask has every token: their mean is the masked one.
        return np.asarray(states[0] if self._first else states.mean(axis=0))


def _read(path: Path, how: Callable[[Path], Any]) -> Any:
    try:
        return how(path)
    except Exception as error:
        msg = f"{path} cannot be read ({type(error).__name__}: {str(error)[:200]}); fetch it again, whole"
        raise BadConfiguration(msg) from error


def _length(folder: Path, truncation: dict[str, Any] | None) -> int:
    """How many tokens the model was made for, as far as its files tell."""
    said = [
        (truncation or {}).get("max_length"),
        _json(folder / "sentence_bert_config.json").get("max_seq_length"),
        _json(folder / "tokenizer_config.json").get("model_max_length"),
    ]
    lengths = [one for one in said if isinstance(one, int) and one > 2]
    return min([*lengths, _MOST_TOKENS]) if lengths else _TOKENS


def _output(file: Path, session: Any) -> tuple[str, bool]:
    """The output to read, and whether it has a row a text already; else it has one a token."""
    shapes = {one.name: len(one.shape or ()) for one in session.get_outputs()}
    for name in _POOLED:
        if shapes.get(name) == 2:
            return name, True
    for name in ("last_hidden_state", "token_embeddings", *shapes):
        if shapes.get(name) == 3:
            return name, False
    outputs = ", ".join(f"{name} of {rank} dimensions" for name, rank in shapes.items())
    raise BadConfiguration(f"{file} gives {outputs}; a sentence model gives a row a token, or a sentence_embedding")


def _pools_first(folder: Path) -> bool:
    """Whether the model was made so that its first token stands for the text, not the mean of all."""
    return _json(folder / "1_Pooling" / "config.json").get("pooling_mode_cls_token") is True


def _json(path: Path) -> dict[str, Any]:
    try:
        body = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return body if isinstance(body, dict) else {}
