"""The Python files of a vLLM release: from a folder, a source archive or a wheel."""

from __future__ import annotations

import re
import tarfile
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath


@dataclass(frozen=True, slots=True)
class Sources:
    """A release: its version, and the text of each module of the package `vllm` by its dotted name."""

    version: str
    modules: Mapping[str, str]


def read_sources(path: Path, version: str | None = None) -> Sources:
    """The sources at `path`: a folder that holds `vllm/`, a `.tar.gz` or a `.whl`.

    Raises ValueError when there is no package `vllm`, or when neither `version` nor the path says which
    release it is.
    """
    modules = {name_module(file): text for file, text in read_files(path)}
    if "vllm.engine.arg_utils" not in modules:
        raise ValueError(f"{path} holds no vLLM sources")
    named = re.search(r"(\d+\.\d+\.\d+(?:\.\d+)?(?:\.?(?:post|rc|dev)\d+)?)", path.name)
    if version is None and named is None:
        raise ValueError(f"the name of {path} has no version in it: state it with --version")
    return Sources(version or (named[1] if named else ""), modules)


def read_files(path: Path) -> Iterator[tuple[PurePosixPath, str]]:
    """Each Python file of the package, by its path from the folder that holds `vllm/`."""
    for name, read in open_files(path):
        parts = PurePosixPath(name).parts
        if name.endswith(".py") and "vllm" in parts[:2]:
            yield PurePosixPath(*parts[parts.index("vllm") :]), read.decode("utf-8", "replace")


def open_files(path: Path) -> Iterator[tuple[str, bytes]]:
    """The files of a folder or an archive: path and content."""
    if path.is_dir():
        for file in sorted((path / "vllm").rglob("*.py")):
            yield file.relative_to(path).as_posix(), file.read_bytes()
    elif path.suffix == ".whl":
        with zipfile.ZipFile(path) as wheel:
            for name in wheel.namelist():
                if name.endswith(".py"):
                    yield name, wheel.read(name)
    else:
        with tarfile.open(path) as archive:
            for member in archive:
                content = archive.extractfile(member) if member.isfile() and member.name.endswith(".py") else None
                if content is not None:
                    yield member.name, content.read()


def name_module(file: PurePosixPath) -> str:
    """`vllm/config/__init__.py` → `vllm.config`."""
    parts = file.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
