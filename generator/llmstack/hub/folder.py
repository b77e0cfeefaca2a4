"""A model's files in a local folder, as `hf download` or git lay them."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from llmstack.engine.headers import LENGTH_BYTES, Tensor, header_length, read_header
from llmstack.facts.fields import FactsError
from llmstack.hub.error import HubError
from llmstack.hub.model_files import CONFIG, MOST_OF_CONFIG, QUANTIZATION, ModelFiles, weight_files


def read_folder(folder: Path, revision: str | None) -> ModelFiles:
    """The files in `folder`; raises HubError where it has no config.json, or a file cannot be read."""
    if not folder.is_dir():
        raise HubError(f"{folder} is not a folder: name one with a model's {CONFIG}")
    try:
        names = [path.name for path in folder.iterdir() if path.is_file()]
        if CONFIG not in names:
            raise HubError(f"{folder} has no {CONFIG}: name the folder of one model")
        side = _whole(folder / QUANTIZATION) if QUANTIZATION in names else None
        tensors = {name: _tensors(folder / name) for name in weight_files(names)}
        return ModelFiles(_whole(folder / CONFIG), revision, side, tensors)
    except OSError as error:
        raise HubError(f"{error.filename}: {error.strerror}") from error


def _whole(file: Path) -> bytes:
    with file.open("rb") as opened:
        return bounded(opened, str(file))


def bounded(stream: BinaryIO, name: str) -> bytes:
    """All bytes of a configuration; raises HubError where there are more than any has."""
    content = stream.read(MOST_OF_CONFIG + 1)
    if len(content) > MOST_OF_CONFIG:
        raise HubError(f"{name} has more than {MOST_OF_CONFIG >> 20} MiB: it is no {CONFIG}")
    return content


def _tensors(file: Path) -> dict[str, Tensor]:
    with file.open("rb") as opened:
        try:
            return read_header(opened.read(header_length(opened.read(LENGTH_BYTES))))
        except FactsError as error:
            raise HubError(f"{file} {error}") from error
