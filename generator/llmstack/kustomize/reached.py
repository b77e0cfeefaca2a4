"""What builds of some folders read: the files, the links on the way, and what leads to what."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from msgspec import Struct, field

from llmstack.errors import IrregularFileError
from llmstack.finding import Finding

Read = Callable[[str], bytes | None]
"""The content of a file by its path from the root, None where there is none; raises IrregularFileError."""

Resolve = Callable[[str], str]
"""The path from the root that is left when links are followed; raises IrregularFileError where they lead out."""


class Reached(Struct):
    """What the builds of some folders read: `files` by path, links to them, and `findings` on what is not read."""

    files: dict[str, bytes] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    """Paths that are reached through a symbolic link, each with the path of what is there."""
    reads: dict[str, set[str]] = field(default_factory=dict)
    """What each path leads to: a folder to its kustomization, that to all it names, a link to its end; things that are
    not there among them."""
    findings: list[Finding] = field(default_factory=list)

    def add(self, other: Reached) -> None:
        """Take in what builds of further folders read."""
        self.files |= other.files
        self.links |= other.links
        self.findings += other.findings
        for path, targets in other.reads.items():
            self.note(path, *targets)

    def note(self, path: str, *targets: str) -> None:
        """Note that a path leads to others."""
        self.reads.setdefault(path, set()).update(targets)

    def leading_to(self, paths: Iterable[str]) -> set[str]:
        """These paths, and every path from which a build comes to one of them."""
        readers: dict[str, list[str]] = {}
        for path, targets in self.reads.items():
            for target in targets:
                readers.setdefault(target, []).append(path)
        found = set(paths)
        waiting = list(found)
        while waiting:
            for reader in readers.get(waiting.pop(), ()):
                if reader not in found:
                    found.add(reader)
                    waiting.append(reader)
        return found

    def unlike(self, read: Read, resolve: Resolve) -> set[str]:
        """The paths at which another tree, asked for each of them, holds something else than was found here."""
        paths = self.reads.keys() | {target for targets in self.reads.values() for target in targets}
        return {path for path in paths if not self._is_like(path, read, resolve)}

    def _is_like(self, path: str, read: Read, resolve: Resolve) -> bool:
        try:
            end = resolve(path)
            return end == self.links.get(path, path) and read(end) == self.files.get(end)
        except IrregularFileError:
            return False

    def hand_on(self, path: str, target: Reached, handed: set[str]) -> None:
        """Add a path, and all that it leads to, to what was reached elsewhere; `handed` are those that were added."""
        waiting = [path]
        while waiting:
            at = waiting.pop()
            if at in handed:
                continue
            handed.add(at)
            if at in self.files:
                target.files[at] = self.files[at]
            if at in self.links:
                target.links[at] = self.links[at]
            if at in self.reads:
                target.note(at, *self.reads[at])
                waiting += self.reads[at]
