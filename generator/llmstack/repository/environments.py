"""The environments of a repository: the files of values/, each the values of one, and base.yaml under all of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from posixpath import basename, splitext

from msgspec import Struct

from llmstack.disk.error import DiskError
from llmstack.errors import IrregularFileError, UsageError
from llmstack.finding import Finding, Place, Severity
from llmstack.kubernetes.names import is_label
from llmstack.kustomize.texts import irregular_file
from llmstack.repository.root import SUFFIXES, VALUES
from llmstack.repository.snapshot import Snapshot
from llmstack.values.nodes import Source
from llmstack.values.source import read_source

BASE = "base"


class Environment(Struct, frozen=True):
    """One environment: its name and its values file, as messages name it."""

    name: str
    path: str
    """From the root; absolute for a file elsewhere."""
    label: str
    layered: bool = True
    """Whether values/base.yaml lies under it; not so for a file outside values/."""


def list_environments(snapshot: Snapshot) -> list[Environment]:
    """Every environment by name. Raises UsageError when two files name one environment."""
    found: dict[str, Environment] = {}
    for path in _values_files(snapshot):
        name = _stem(path)
        if name == BASE:
            continue
        if name in found:
            raise UsageError(f"{found[name].label} and {path} name the same environment: keep one")
        found[name] = Environment(name, path, path)
    return list(found.values())


def find_environment(snapshot: Snapshot, name: str) -> Environment | None:
    """The environment of that name, None where there is none."""
    found = [] if name == BASE else _named(snapshot, name)
    return Environment(name, found[0], found[0]) if found else None


def find_base(snapshot: Snapshot) -> str | None:
    """The path of values/base.yaml, None when there is none."""
    paths = _named(snapshot, BASE)
    if len(paths) > 1:
        raise UsageError("values/base.yaml and values/base.yml are the same layer: keep one")
    return paths[0] if paths else None


def _values_files(snapshot: Snapshot) -> list[str]:
    """The files of values/, hidden ones left out: editors keep their locks and copies in such."""
    entries = snapshot.entries(VALUES)
    return _files(entries, [name for name in entries if splitext(name)[1] in SUFFIXES and not name.startswith(".")])


def _named(snapshot: Snapshot, stem: str) -> list[str]:
    """Those of one name; not all are gone through, for this is asked of each environment."""
    entries = snapshot.entries(VALUES)
    return _files(entries, [name for suffix in SUFFIXES if (name := f"{stem}{suffix}") in entries])


def _files(entries: Mapping[str, str], names: Sequence[str]) -> list[str]:
    for name in names:
        if entries[name]:
            raise UsageError(f"{VALUES}/{name} is {entries[name]}: move it away, or put a values file in its place")
    return [f"{VALUES}/{name}" for name in names]


def _stem(path: str) -> str:
    return splitext(basename(path))[0]


def read_values(snapshot: Snapshot, environment: Environment, base: Source | None) -> list[Source]:
    """The values files of an environment, lowest first; `base` is values/base.yaml, read once for all."""
    own = read_file(snapshot, environment.path, environment.label)
    return [base, own] if base is not None and environment.layered else [own]


def mentions(snapshot: Snapshot, environment: Environment, word: bytes) -> bool:
    """Whether an environment's own values file has a word anywhere; not so where it cannot be read."""
    try:
        return word in (snapshot.read_regular(environment.path) or b"")
    except IrregularFileError:
        return False


def read_base(snapshot: Snapshot) -> Source | None:
    """values/base.yaml, None when there is none."""
    path = find_base(snapshot)
    return read_file(snapshot, path, path) if path is not None else None


def read_file(snapshot: Snapshot, path: str, label: str) -> Source:
    """Read a values file; raises DiskError when it is not there any more, or cannot be read.

    What is no regular file of the repository has the finding that says so, and holds nothing.
    """
    try:
        content = snapshot.read_regular(path)
    except IrregularFileError as error:
        return Source(label, "", None, (irregular_file(label, error),))
    if content is None:
        raise DiskError(label, "cannot be read: it is gone")
    return read_source(label, content)


def name_findings(environments: Sequence[Environment]) -> Iterator[Finding]:
    """Yield a finding for each environment whose name is not a DNS label."""
    for environment in environments:
        if not is_label(environment.name):
            message = f"the environment's name `{environment.name}` is not a DNS label"
            help = "name the file with lower-case letters, digits and `-`" + (
                "" if environment.layered else ", or give --env NAME"
            )
            yield Finding("bad-name", Severity.ERROR, message, place=Place(environment.label), help=help)
