"""The objects that a sync tool finds in a folder of clusters/: by its kustomization, or file by file without one.

Flux: where a folder has no kustomization, kustomize-controller lists every YAML file below it, and as one resource each
folder that has one of its own (fluxcd/pkg, kustomize/kustomize_generator.go); Argo CD takes JSON too, and Jsonnet
(reposerver/repository/repository.go, `manifestFile`). Flux builds with kustomize, so a folder
with two kustomizations, a file that is no object, or a resource that is not there stops it: nothing is applied and
nothing is pruned. `resources: []` builds to nothing, and all is pruned; so does, for Flux, an empty kustomization in
the folder itself, where it writes what kustomize asks for (`GenerateManifest` there); below it, and for Argo CD,
kustomize refuses that.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from llmstack import yamlio
from llmstack.kubernetes.definitions import group_of
from llmstack.kustomize.files import KustomizationError, Read, find_kustomization, is_kustomization

Object = Mapping[str, Any]
Identity = tuple[str, str, str, str]
Build = Callable[[str], Sequence[Object] | None]
"""What a folder builds to; None where that is not known. Raises KustomizationError where kustomize cannot build it."""

_PLAIN = frozenset(("apiVersion", "kind", "metadata", "resources"))
"""Fields of a kustomization that change no object."""

_LEFT_OUT = frozenset((
    ".git", ".github", ".circleci", ".travis.yml", ".gitlab-ci.yml", "appveyor.yml", ".drone.yml", "cloudbuild.yaml",
    "codeship-services.yml", "codeship-steps.yml", ".goreleaser.yml", ".sops.yaml", ".flux.yaml",
))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Manifest:
    """An object and the file that it stands in."""

    path: str
    object: Object


@dataclass(frozen=True, slots=True)
class Listing:
    """What a tool reads in a folder. With a `problem` it builds nothing; `unknown` is what this repository cannot
    say."""

    manifests: tuple[Manifest, ...] = ()
    problem: str | None = None
    unknown: tuple[str, ...] = ()
    emptied: bool = False
    """Whether the problem is a kustomization of the folder itself that lists nothing."""
    broken: Mapping[str, str] = field(default_factory=dict)
    """Folders below it that cannot be built, each with its problem, where those beside it are read all the same."""


class _Stopped(Exception):
    """What keeps the tool from building a folder."""


class _Empty(_Stopped):
    """A kustomization that lists nothing, in `folder`."""

    def __init__(self, folder: str, path: str) -> None:
        super().__init__(f"{path} lists nothing, not even `resources: []`: kustomize refuses an empty kustomization")
        self.folder = folder


@dataclass(slots=True)
class _Reader:
    read: Read
    paths: Collection[str]
    build: Build
    unknown: list[str] = field(default_factory=list)


def read_folder(read: Read, paths: Collection[str], folder: str, build: Build) -> Listing:
    """What a tool finds in a folder of the tree; `paths` are all files below it, `build` makes what a kustomization
    with more than resources gives."""
    reader = _Reader(read, sorted(paths), build)
    try:
        return Listing(tuple(_folder(reader, folder, ())), None, tuple(reader.unknown))
    except _Stopped as stopped:
        emptied = isinstance(stopped, _Empty) and stopped.folder == folder
        return Listing((), str(stopped), tuple(reader.unknown), emptied)


def by_entry_points(whole: Listing, parts: Mapping[str, Listing]) -> Listing:
    """A folder that cannot be built, as Argo CD reads it: each of the folders in it by itself, by an Application of its
    own. The same for Flux, which builds it as one."""
    found = [each for part in parts.values() for each in part.manifests]
    if not any(each.object.get("kind") == "Application" for each in found):
        return whole
    broken = {folder: part.problem for folder, part in parts.items() if part.problem is not None}
    unknown = dict.fromkeys((*whole.unknown, *(each for part in parts.values() for each in part.unknown)))
    return Listing(tuple(found), None, tuple(unknown), broken=broken)


def identify(object: Object) -> Identity:
    """API group, kind, namespace and name, as text whatever they are."""
    metadata = mapping(object.get("metadata"))
    return group_of(object), str(object.get("kind")), str(metadata.get("namespace") or ""), str(metadata.get("name"))


def mapping(value: Any) -> Mapping[str, Any]:
    """The value where it is a map, else an empty one: people write these files."""
    return value if isinstance(value, Mapping) else {}


def sequence(value: Any) -> list[Any]:
    """The value where it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def is_of_kind(obj: Object, pattern: Mapping[str, Any]) -> bool:
    """Whether an object is of a `group` and a `kind`, as Argo CD's settings name them: by patterns of a shell."""
    group, kind = group_of(obj), str(obj.get("kind"))
    return fnmatchcase(group, str(pattern.get("group") or "")) and fnmatchcase(kind, str(pattern.get("kind") or ""))


def _folder(reader: _Reader, folder: str, above: tuple[str, ...]) -> Iterator[Manifest]:
    if folder in above:
        raise _Stopped(f"{folder} refers to itself")
    try:
        found = find_kustomization(reader.read, folder)
    except KustomizationError as error:
        raise _Stopped(str(error)) from error
    if found is None:
        yield from _scanned(reader, folder, above)
    else:
        yield from _kustomization(reader, folder, *found, (*above, folder))


def _scanned(reader: _Reader, folder: str, above: tuple[str, ...]) -> Iterator[Manifest]:
    """Every YAML file below a folder, and what the kustomizations below it list."""
    built = {posixpath.dirname(path) for path in reader.paths if is_kustomization(path)} - {folder}
    found: list[Manifest] = []
    below = [path for path in reader.paths if path.startswith(f"{folder}/")]
    outermost = sorted(each for each in built if each.startswith(f"{folder}/") and not _under(each, built - {each}))
    for path in below:
        if path.endswith((".yaml", ".yml")) and not _under(path, outermost) and not _is_left_out(path, folder):
            found += _file(reader, path)
    for each in outermost:
        found += _folder(reader, each, (*above, folder))
    yield from found
    if any(group_of(each.object) == "argoproj.io" for each in found):
        yield from _of_argo(reader, [path for path in below if not _under(path, outermost)])


def _of_argo(reader: _Reader, paths: Sequence[str]) -> Iterator[Manifest]:
    """What Argo CD alone takes of a folder without a kustomization."""
    for path in paths:
        if path.endswith(".jsonnet"):
            reader.unknown.append(f"{path}, which Jsonnet makes objects of")
        elif path.endswith(".json"):
            yield from _file(reader, path)


def _is_left_out(path: str, folder: str) -> bool:
    """Whether Flux's sources leave a file out by themselves (fluxcd/pkg, sourceignore/sourceignore.go)."""
    return not _LEFT_OUT.isdisjoint(path.removeprefix(f"{folder}/").split("/"))


def _under(path: str, folders: Collection[str]) -> bool:
    return any(path.startswith(f"{folder}/") for folder in folders)


def _kustomization(reader: _Reader, folder: str, path: str, text: str, above: tuple[str, ...]) -> Iterator[Manifest]:
    body = _load(path, text)
    content = mapping(body[0]) if len(body) == 1 else {}
    fields = {key for key, value in content.items() if value is not None}
    if not fields - {"apiVersion", "kind", "metadata"}:
        raise _Empty(folder, path)
    listed = [
        found for entry in sequence(content.get("resources")) for found in _entry(reader, folder, path, entry, above)
    ]
    if fields <= _PLAIN:
        yield from listed
        return
    try:
        built = reader.build(folder)
    except KustomizationError as error:
        raise _Stopped(f"{folder} cannot be built: {error}") from error
    if built is None:
        reader.unknown.append(f"{path}: {', '.join(sorted(fields - _PLAIN))}")
        yield from listed
        return
    files = {identify(each.object): each.path for each in listed}
    yield from (Manifest(files.get(identify(object), path), object) for object in built)


def _entry(reader: _Reader, folder: str, path: str, entry: Any, above: tuple[str, ...]) -> Iterator[Manifest]:
    """What one entry of `resources` stands for."""
    if not isinstance(entry, str):
        raise _Stopped(f"{path} lists {entry!r}")
    target = posixpath.normpath(posixpath.join(folder, entry))
    if _REMOTE.match(entry) and reader.read(target) is None:
        reader.unknown.append(f"{path} refers to {entry}, which is not in this repository")
        return
    if target.startswith(("..", "/")):
        raise _Stopped(f"{path} leads out of the repository: {entry}")
    if reader.read(target) is not None:
        yield from _file(reader, target)
    elif any(
        reader.read(f"{target}/{name}") is not None
        for name in ("kustomization.yaml", "kustomization.yml", "Kustomization")
    ):
        yield from _folder(reader, target, above)
    else:
        raise _Stopped(f"{path} lists {entry}, which is not there")


_REMOTE = re.compile(r"(?:git::)?(?:\w+://|[a-z][a-z0-9-]*@|github\.com[/:])", re.IGNORECASE)
"""What kustomize asks a server for, where no file has the name (api, internal/git/repospec.go, `extractHost`)."""


def _file(reader: _Reader, path: str) -> Iterator[Manifest]:
    for document in _load(path, reader.read(path) or ""):
        if document is None:
            continue
        items = sequence(document.get("items")) if mapping(document).get("kind") == "List" else [document]
        for item in items:
            if not isinstance(item, Mapping) or not all((item.get("apiVersion"), item.get("kind"), _named(item))):
                raise _Stopped(f"{path} holds what is no Kubernetes object: apiVersion, kind or a name is missing")
            yield Manifest(path, item)


def _named(object: Object) -> bool:
    return bool(mapping(object.get("metadata")).get("name"))


def _load(path: str, text: str) -> list[Any]:
    try:
        return list(yamlio.load_all(text))
    except (yamlio.YAMLError, ValueError, RecursionError) as error:
        raise _Stopped(f"{path} is not YAML: {str(error).partition(chr(10))[0]}") from error
