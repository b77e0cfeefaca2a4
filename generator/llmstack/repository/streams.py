"""Objects that llmstack did not generate: a stream in a file or on stdin, a folder that kustomize builds, a folder of
plain manifests."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from llmstack.disk.error import DiskError, reason_of
from llmstack.errors import FoundError, IrregularFileError, UsageError
from llmstack.finding import Finding, Place, Severity, sort_findings
from llmstack.kubernetes.definitions import group_of
from llmstack.kubernetes.sound import left_out, sound
from llmstack.kubernetes.stream import MOST_OBJECTS, Document, Item, Stream, read_stream, without_servers
from llmstack.kustomize.files import NAMES, find_kustomization
from llmstack.kustomize.texts import irregular_file
from llmstack.repository.built import build_units
from llmstack.repository.snapshot import Disk
from llmstack.review.wording import listed

STDIN = "-"
MOST_BYTES = 64 * 1024 * 1024
"""How large a stream may be: ten thousand objects as `kubectl get -o yaml` prints them have some fifty megabytes."""
_MANIFESTS = (".yaml", ".yml", ".json")
_HOOK = "helm.sh/hook"


class Objects(Struct, frozen=True):
    """One side of a review: its name, and its objects with their places."""

    name: str
    items: tuple[Item, ...]
    findings: tuple[Finding, ...] = ()


def read_objects(source: str, tool_folder: Path | None) -> Objects:
    """Read one side: `-` is stdin, a folder is built or read, all else is a file of objects.

    Raises UsageError for what is not there, FoundError for what cannot be read as objects: nothing is said of a part.
    """
    path = os.path.normpath(source)
    if source != STDIN and os.path.basename(path) in NAMES and os.path.isfile(path):
        path = os.path.dirname(path) or os.curdir
    is_folder = source != STDIN and os.path.isdir(path)
    stream = _read_folder(path, tool_folder) if is_folder else read_stream(_read_text(source), _shown(source))
    errors = [finding for finding in stream.findings if finding.severity is Severity.ERROR]
    if errors:
        raise FoundError(sort_findings(errors))
    items, notes = _distinct(stream.items, _shown(source))
    return Objects(_shown(source), tuple(items), (*stream.findings, *notes))


def _shown(source: str) -> str:
    return "stdin" if source == STDIN else source


def _read_text(source: str) -> str:
    """The text of a file, a pipe or stdin."""
    try:
        if source == STDIN:
            content = sys.stdin.buffer.read(MOST_BYTES + 1)
        else:
            with open(source, "rb") as file:
                content = file.read(MOST_BYTES + 1)
    except FileNotFoundError as error:
        raise UsageError(f"{source} is not there") from error
    except OSError as error:
        raise DiskError(source, f"cannot be read: {reason_of(error)}") from error
    place = Place(_shown(source))
    if len(content) > MOST_BYTES:
        message = f"more than {MOST_BYTES // (1024 * 1024)} MiB: a stream is read up to that size"
        raise FoundError([Finding("too-large", Severity.ERROR, message, place=place)])
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FoundError([Finding("bad-encoding", Severity.ERROR, "this is not UTF-8", place=place)]) from error


def _read_folder(path: str, tool_folder: Path | None) -> Stream:
    """The objects of a folder: what kustomize builds where it has a kustomization, else its manifests, and what the
    folders below build to (as Flux makes a kustomization for a folder that has none)."""
    root = find_root(path)
    disk = Disk(root, tops=None)
    top = os.path.relpath(os.path.realpath(path), root).replace(os.sep, "/")
    if os.path.exists(os.path.join(path, "Chart.yaml")):
        raise UsageError(f"{path} is a Helm chart: give what `helm template` prints of it")
    items: list[Item] = []
    findings: list[Finding] = []
    parts = list(_parts(disk, top))
    folders = [each for each in parts if disk.entries(each)]
    bases = _bases(disk, folders) if len(folders) > 1 or folders != [top] else set()
    for each in parts:
        if each in bases:
            continue
        stream = _build(disk, each, tool_folder) if each in folders else _read_file(disk, each)
        items += stream.items
        findings += stream.findings
        if len(items) > MOST_OBJECTS:
            message = f"more than {MOST_OBJECTS} objects"
            raise FoundError([Finding("too-many-objects", Severity.ERROR, message, place=Place(path))])
    return Stream(tuple(items), tuple(findings))


def find_root(path: str) -> Path:
    """The folder out of which nothing that is built may lead: the Git repository that holds `path`, else the working
    directory where that holds it, else `path` itself."""
    folder = Path(path).resolve()
    for above in (folder, *folder.parents):
        if (above / ".git").exists():
            return above
    here = Path.cwd().resolve()
    return here if here == folder or here in folder.parents else folder


def _parts(disk: Disk, top: str) -> Iterator[str]:
    """Yield the folders below `top` that kustomize builds, and the manifests beside them, each a path from the root."""
    if find_kustomization(disk.read, top) is not None:
        yield top
        return
    for name, kind in disk.entries(top).items():
        path = os.path.normpath(f"{top}/{name}").replace(os.sep, "/")
        if kind == "a folder" and not name.startswith(".") and not (disk.root / path).is_symlink():
            yield from _parts(disk, path)
        elif not kind and name.endswith(_MANIFESTS):
            yield path


def _bases(disk: Disk, folders: list[str]) -> set[str]:
    """The folders that others of them build on, and components, which are nothing by themselves."""
    found = set()
    for folder in folders:
        reached = {
            os.path.dirname(path) for path in disk.look_through([folder]).files if os.path.basename(path) in NAMES
        }
        found |= reached - {folder}
        kustomization = find_kustomization(disk.read, folder)
        if kustomization is not None and re.search(r"^kind:\s*[\"']?Component\b", kustomization[1], re.MULTILINE):
            found.add(folder)
    return found


def _read_file(disk: Disk, path: str) -> Stream:
    shown = os.path.relpath(disk.root / path)
    try:
        content = disk.read_regular(path)
    except IrregularFileError as error:
        return Stream((), (irregular_file(shown, error),))
    return read_stream((content or b"").decode("utf-8", "replace"), shown)


def _build(disk: Disk, folder: str, tool_folder: Path | None) -> Stream:
    """What kustomize makes of a folder, looked through before: no remote resource, no plugin, nothing outside."""
    reached = disk.look_through([folder])
    if reached.findings:
        raise FoundError(sort_findings(reached.findings))
    built = build_units(disk, "", {folder: folder}, tool_folder, known={})[folder]
    found = find_kustomization(disk.read, folder)
    place = os.path.relpath(disk.root / (found[0] if found else folder))
    items, findings = [], []
    for each in built:
        object, problems = sound(each)
        if object is not None:
            items.append(Item(without_servers(object), Document(place, "", 1), unread=tuple(problems)))
            findings += [left_out(object, problem, Place(place)) for problem in problems]
    return Stream(tuple(items), tuple(findings))


def _distinct(items: tuple[Item, ...], name: str) -> tuple[list[Item], list[Finding]]:
    """The objects without Helm's hooks, each once: of two of one name the last, as an apply leaves it."""
    kept: dict[tuple[str, str, str, str], Item] = {}
    hooks, findings = [], []
    for item in items:
        metadata = item.object["metadata"]
        if _HOOK in (metadata.get("annotations") or {}):
            hooks.append(f"{item.object['kind']}/{metadata['name']}")
            continue
        group = group_of(item.object)
        key = group, str(item.object["kind"]), str(metadata.get("namespace") or ""), str(metadata["name"])
        if key in kept:
            message = f"{key[1]}/{key[3]} is there twice: the last one counts"
            findings.append(Finding("duplicate-object", Severity.WARNING, message, place=item.place()))
        kept[key] = item
    if hooks:
        message = f"hooks of Helm are left out, which run beside a release: {listed(hooks, 5)}"
        findings.append(Finding("helm-hook", Severity.NOTE, message, place=Place(name)))
    if not kept:
        message = "there is no Kubernetes object here: all of the other side is new, or goes"
        findings.append(Finding("no-objects", Severity.WARNING, message, place=Place(name)))
    return list(kept.values()), findings
