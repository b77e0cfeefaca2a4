"""A repository as `gen` would leave it: what stands there, and in the place of generated files what the values say.

For a review where a bot changed values alone and nobody has generated yet.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from itertools import chain

from msgspec.structs import replace

from llmstack.disk.ownership import is_ours
from llmstack.errors import FoundError
from llmstack.finding import has_errors, sort_findings
from llmstack.repository.comparison import Comparison
from llmstack.repository.environments import list_environments
from llmstack.repository.expected import check_and_expect, expect_base
from llmstack.repository.read import check, read_environments
from llmstack.repository.snapshot import Snapshot
from llmstack.repository.units import scopes


class Generated(Snapshot):
    """A snapshot with other contents for some paths; None for what is not there any more."""

    def __init__(self, below: Snapshot, files: Mapping[str, bytes | None]) -> None:
        self.name = below.name
        self._below = below
        self._files = files

    def read_regular(self, path: str) -> bytes | None:
        return self._files[path] if path in self._files else self._below.read_regular(path)

    def resolve(self, path: str) -> str:
        return path if path in self._files else self._below.resolve(path)

    def paths(self, folder: str) -> list[str]:
        return sorted({*self._below.paths(folder), *self._within(folder)} - self._gone())

    def entries(self, folder: str) -> dict[str, str]:
        found = dict(self._below.entries(folder))
        for path in self._within(folder):
            name, below, _ = path.removeprefix(f"{folder}/").partition("/")
            found.setdefault(name, "a folder" if below else "")
        gone = {path.removeprefix(f"{folder}/") for path in self._gone()}
        return {name: kind for name, kind in sorted(found.items()) if name not in gone}

    def load(self, folders: Collection[str]) -> None:
        self._below.load(folders)

    def _within(self, folder: str) -> list[str]:
        return [path for path, content in self._files.items() if content is not None and path.startswith(f"{folder}/")]

    def _gone(self) -> set[str]:
        return {path for path, content in self._files.items() if content is None}


def as_generated(comparison: Comparison) -> Comparison:
    """The comparison with its later side as `gen` would write it. Raises FoundError where the values have errors.

    An environment whose values file is gone stays as it is: `gen` removes it only where it is told to.
    """
    after = comparison.after
    files = dict(_differing(after))
    changed = {path for path, content in files.items() if comparison.before.read_regular(path) != content}
    rest = comparison.changed - files.keys()
    return replace(comparison, after=Generated(after, files), changed=frozenset(rest | changed), is_generated=True)


def _differing(snapshot: Snapshot) -> Iterator[tuple[str, bytes | None]]:
    """Generated files that are not what the values say, with what those say; None for one that is wanted no more."""
    wanted = _wanted(snapshot)
    for path, text in wanted.items():
        content = snapshot.read_regular(path)
        if content != text.encode() and (content is None or is_ours(content)):
            yield path, text.encode()
    owned = ["base", *(scope for each in list_environments(snapshot) for scope in scopes(snapshot, each.name))]
    for path, content in ((path, content) for scope in owned for path, content in snapshot.files(scope).items()):
        if path not in wanted and is_ours(content):
            yield path, None


def _wanted(snapshot: Snapshot) -> dict[str, str]:
    """Every file that the values generate."""
    findings, base = expect_base(snapshot)
    readings = read_environments(snapshot, list_environments(snapshot))
    if base is None:
        raise FoundError(sort_findings([*findings, *check(readings)]))
    found, wanted = check_and_expect(snapshot, readings, base)
    if has_errors(findings) or wanted is None:
        raise FoundError(sort_findings(chain(findings, *found)))
    return wanted
