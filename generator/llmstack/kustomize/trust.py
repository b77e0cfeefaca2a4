"""What `kustomize build` would read, followed from file to file before it runs.

kustomize fetches what it takes for a URL, and runs Git for what it takes for a repository: `file:///x//y?ref=--option`
is one (api/internal/git/repospec.go), and so is the folder `github.com/a/b` that stands in the tree. So the rule says
what a reference must be, not what it must not: a plain relative path to a regular file, or to a folder, in base/,
overlays/, custom/ or clusters/.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterable
from itertools import islice
from typing import Any

from msgspec.structs import replace

from llmstack import yamlio
from llmstack.errors import IrregularFileError
from llmstack.finding import Finding, Place, Severity
from llmstack.kustomize.files import NAMES
from llmstack.kustomize.plain import is_plain, is_plugin_text, is_text, place_of
from llmstack.kustomize.reached import Reached, Read, Resolve
from llmstack.kustomize.sources import Reference, find_plugin_references, find_references, find_tags
from llmstack.kustomize.texts import compose_bounded, decode, irregular_file, sound_references, unreadable

TOPS = ("base", "overlays", "custom", "clusters")
"""The folders that a build may read."""

_MOST = 100
"""Findings after which nothing more is looked for."""
_PROGRAM = "kustomize would fetch it, or run a program for it"
_HELP = "copy what it names into {0}, and name it there by a relative path"


def _no_links(path: str) -> str:
    return path


def follow(
    read: Read,
    folders: Iterable[str],
    resolve: Resolve = _no_links,
    tops: Collection[str] | None = TOPS,
    earlier: Reached | None = None,
) -> Reached:
    """Everything that `kustomize build` of these folders reads, each a path from the root.

    `tops` are the folders that a build may read; None for the whole of a repository that is not of llmstack's making.
    A reference that leads anywhere else is the finding `remote-reference`; a file that cannot be read safely has the
    finding that says why. A plain path to nothing is no finding: kustomize says so itself, and reads nothing for it.

    `earlier` is what was reached in another tree by the same rules, without a finding: what that leads to is asked for
    again here, and judged again only where the answer is another.
    """
    walk = _Walk(read, resolve, tops, earlier)
    for folder in folders:
        walk.enter(folder)
    while walk.waiting and len(walk.reached.findings) < _MOST:
        walk.visit(walk.waiting.pop())
    return walk.reached


class _Walk:
    """Follows references, each folder and each file once."""

    def __init__(
        self, read: Read, resolve: Resolve, tops: Collection[str] | None, earlier: Reached | None = None
    ) -> None:
        self.reached = Reached()
        self._earlier = earlier or Reached()
        self._differing = self._earlier.leading_to(self._earlier.unlike(read, resolve))
        self._handed: set[str] = set()
        self._tops = tops
        self.waiting: list[str] = []
        self._read = read
        self._resolve = resolve
        self._entered: dict[str, bool] = {}
        self._refused: set[str] = set()

    def enter(self, path: str) -> bool:
        """Note a folder to be visited; whether it has a kustomization."""
        folder = self._locate(path)
        if folder is None:
            return False
        if folder not in self._entered and self._is_judged(folder):
            self._earlier.hand_on(folder, self.reached, self._handed)
            self._entered[folder] = any(self._content(f"{folder}/{name}") is not None for name in NAMES)
        elif folder not in self._entered:
            paths = [posixpath.normpath(posixpath.join(folder, name)) for name in NAMES]
            found = [path for path in paths if self._fetch(path, is_yaml=False) is not None]
            self._entered[folder] = bool(found)
            self.reached.note(folder, *(f"{folder}/{name}" for name in NAMES))
            self.waiting += found
        return self._entered[folder]

    def _is_judged(self, folder: str) -> bool:
        """Whether everything that a folder leads to is as it was in the earlier tree."""
        was_entered = f"{folder}/{NAMES[0]}" in self._earlier.reads.get(folder, ())
        return was_entered and folder not in self._differing

    def visit(self, path: str) -> None:
        """Judge what the kustomization at `path` names: from its folder, also where it is a link to a file elsewhere,
        and where a file of plugins names it (kustomize's loader has one root for all of them)."""
        for reference in self._references(path):
            if len(self.reached.findings) < _MOST:
                self._judge(path, reference)

    def _references(self, path: str) -> Iterable[Reference]:
        """What the kustomization at `path` names."""
        sound = sound_references(self._content(path) or b"")
        return find_references(self._compose(path)) if sound is None else sound

    def _content(self, path: str) -> bytes | None:
        """What was read at a path, or where the link there leads; None where nothing was."""
        return self.reached.files.get(self.reached.links.get(path, path))

    def _compose(self, path: str, text: str | None = None) -> list[Any]:
        """The documents of a file, or of a text that is written out in it; none where it cannot be read."""
        try:
            documents = compose_bounded(decode(self._content(path) or b"") if text is None else text)
        except IrregularFileError as error:
            self._say_irregular(path, error)
            return []
        except (yamlio.YAMLError, UnicodeDecodeError) as error:
            self.reached.findings.append(unreadable(path, error))
            return []
        tags = list(islice(find_tags(documents), _MOST))
        for tag in tags:
            place = Place(path, tag.line + 1, tag.column + 1)
            message = f"the tag `{_shown(tag.name)}` is not read"
            help = "remove it; quote a value to make it text"
            self.reached.findings.append(Finding("yaml-tag", Severity.ERROR, message, place=place, help=help))
        return documents

    def _judge(self, path: str, reference: Reference) -> None:
        if reference.want in ("helm", "unknown"):
            self._refuse(path, reference, _CANNOT[reference.want].format(_shown(reference.text or reference.field)))
        elif reference.want == "plugins" and is_plugin_text(reference.text):
            self._judge_plugins(path, reference, text=reference.text)
        elif reference.want == "patch" and is_text(reference.text):
            pass
        else:
            target = self._target(path, reference)
            if target is not None:
                self._go(path, reference, target)

    def _target(self, path: str, reference: Reference) -> str | None:
        """The path from the root that a reference is to; None, with a finding, where it is no plain one inside."""
        text = reference.text
        if reference.want == "keyed":
            text = text.partition("=")[2] or text  # `key=path`
        if not is_plain(text):
            self._refuse(path, reference, f"`{_shown(text)}` is no plain relative path: {_PROGRAM}")
            return None
        target = place_of(path, text)
        parts = target.split("/")
        if self._is_outside(parts[0]) or ".git" in parts:
            self._refuse(path, reference, f"`{_shown(text)}` leads out of {self._allowed()}")
            return None
        return target

    def _is_outside(self, top: str) -> bool:
        return top == ".." or (self._tops is not None and top not in self._tops)

    def _allowed(self) -> str:
        """What a build may read, in words."""
        if self._tops is None:
            return "the repository"
        *first, last = (f"{top}/" for top in self._tops)
        return f"{', '.join(first)} and {last}"

    def _go(self, path: str, reference: Reference, target: str) -> None:
        """Read what a reference is to, and what that names in turn."""
        self.reached.note(path, target)
        is_yaml = reference.want not in ("data", "keyed")
        file = self._fetch(target, is_yaml=is_yaml) if reference.want != "folder" else None
        if reference.want == "plugins":
            if file is not None:
                self._judge_plugins(path, reference, file=file)
            elif self.enter(target):
                self._refuse(path, reference, f"`{_shown(reference.text)}` builds plugins from a folder")
        elif reference.want in ("resource", "folder") and file is None:
            self.enter(target)

    def _judge_plugins(self, path: str, reference: Reference, *, file: str = "", text: str | None = None) -> None:
        """Judge configurations of plugins: those of a file, or written out in the kustomization at `path`."""
        for inner in find_plugin_references(self._compose(file or path, text), reference.field):
            place = inner if file else reference
            self._judge(path, replace(inner, line=place.line, column=place.column, file=file))

    def _fetch(self, path: str, *, is_yaml: bool) -> str | None:
        """Read a file, which is then reached, and return where it is; None where there is none that can be read."""
        file = self._locate(path)
        if file is None or file in self.reached.files:
            return file
        try:
            content = self._read(file)
        except IrregularFileError as error:
            self._say_irregular(file, error)
            return None
        if content is None:
            return None
        self.reached.files[file] = content
        self._check_text(file, content, is_yaml=is_yaml)
        return file

    def _locate(self, path: str) -> str | None:
        """Where a path leads when links are followed; None, with a finding, where that is no place to read from."""
        try:
            found = self._resolve(path)
            if self._is_outside(found.split("/")[0]):
                raise IrregularFileError(f"a link that leads out of {self._allowed()}")
        except IrregularFileError as error:
            self._say_irregular(path, error)
            return None
        if found != path:
            self.reached.links[path] = found
            self.reached.note(path, found)
        return found

    def _say_irregular(self, path: str, error: IrregularFileError) -> None:
        if path not in self._refused:
            self._refused.add(path)
            self.reached.findings.append(irregular_file(path, error))

    def _check_text(self, path: str, content: bytes, *, is_yaml: bool) -> None:
        """Whether YAML that is not looked into can be read at all; its syntax is for kustomize to judge, which would
        tell a conflict as a line without a colon, and take one in data as it stands."""
        try:
            if is_yaml:
                yamlio.check_bounds(decode(content))
            else:
                yamlio.refuse_conflict(content.decode(errors="replace"))
        except (yamlio.OutOfBoundsError, yamlio.ConflictError, UnicodeDecodeError) as error:
            self.reached.findings.append(unreadable(path, error))
        except yamlio.YAMLError:
            pass

    def _refuse(self, path: str, reference: Reference, reason: str) -> None:
        place = Place(reference.file or path, reference.line + 1, reference.column + 1)
        message = f"{_shown(reference.field)}: {reason}"
        help = _HELP.format("custom/" if self._tops is not None else "the repository")
        self.reached.findings.append(Finding("remote-reference", Severity.ERROR, message, place=place, help=help))


_CANNOT = {
    "helm": "a chart (`{0}`) is inflated by a program, and fetched",
    "unknown": "`{0}` is not one of kustomize's own, and may run a program",
}


def _shown(text: str) -> str:
    """A text of the file as findings show it: short, in one line, and without what a URL may hold of a password."""
    visible = "".join(character if character.isprintable() else "\ufffd" for character in text[:100])
    return re.sub(r"//[^/@]*@", "//***@", visible) + ("…" if len(text) > 100 else "")
