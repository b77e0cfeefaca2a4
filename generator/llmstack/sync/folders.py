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
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from msgspec import Struct, field

from llmstack.kubernetes.definitions import group_of
from llmstack.kubernetes.untyped import sequence
from llmstack.kustomize.files import KustomizationError, Read, find_kustomization, is_kustomization
from llmstack.sync.manifests import (
    Build,
    BuildFiles,
    Manifest,
    Reader,
    Stopped,
    ask_kustomize,
    identify,
    nobody_asked,
    read_file,
    read_kustomization,
    read_plainly,
)

_PLAIN = frozenset(("apiVersion", "kind", "metadata", "resources"))
"""Fields of a kustomization that change no object."""

_LEFT_OUT = frozenset((
    ".git", ".github", ".circleci", ".travis.yml", ".gitlab-ci.yml", "appveyor.yml", ".drone.yml", "cloudbuild.yaml",
    "codeship-services.yml", "codeship-steps.yml", ".goreleaser.yml", ".sops.yaml", ".flux.yaml",
))  # fmt: skip


class Listing(Struct, frozen=True):
    """What a tool reads in a folder. With a `problem` it builds nothing; `unknown` is what this repository cannot
    say."""

    manifests: tuple[Manifest, ...] = ()
    problem: str | None = None
    unknown: tuple[str, ...] = ()
    emptied: bool = False
    """Whether the problem is a kustomization of the folder itself that lists nothing."""
    broken: Mapping[str, str] = field(default_factory=dict)
    """Folders below it that cannot be built, each with its problem, where those beside it are read all the same."""


class _Empty(Stopped):
    """A kustomization that lists nothing, in `folder`."""

    def __init__(self, folder: str, path: str) -> None:
        super().__init__(f"{path} lists nothing, not even `resources: []`: kustomize refuses an empty kustomization")
        self.folder = folder


def read_folder(
    read: Read, paths: Collection[str], folder: str, build: Build, build_files: BuildFiles = nobody_asked
) -> Listing:
    """What a tool finds in a folder of the tree; `paths` are all files below it, `build` makes what a kustomization
    gives that has more than resources, or files that only kustomize can read; `build_files` what such files give."""
    reader = Reader(read, sorted(paths), build, build_files)
    try:
        return Listing(tuple(_folder(reader, folder, ())), None, tuple(reader.unknown))
    except Stopped as stopped:
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


def _folder(reader: Reader, folder: str, above: tuple[str, ...]) -> Iterator[Manifest]:
    if folder in above:
        raise Stopped(f"{folder} refers to itself")
    try:
        found = find_kustomization(reader.read, folder)
    except KustomizationError as error:
        raise Stopped(str(error)) from error
    if found is None:
        yield from _scanned(reader, folder, above)
    else:
        yield from _kustomization(reader, folder, *found, (*above, folder))


def _scanned(reader: Reader, folder: str, above: tuple[str, ...]) -> Iterator[Manifest]:
    """Every YAML file below a folder, and what the kustomizations below it list."""
    built = {posixpath.dirname(path) for path in reader.paths if is_kustomization(path)} - {folder}
    found: list[Manifest] = []
    below = [path for path in reader.paths if path.startswith(f"{folder}/")]
    outermost = sorted(each for each in built if each.startswith(f"{folder}/") and not _under(each, built - {each}))
    texts = {
        path: reader.read(path) or ""
        for path in below
        if path.endswith((".yaml", ".yml")) and not _under(path, outermost) and not _is_left_out(path, folder)
    }
    if any("argoproj.io/" in text for text in texts.values()):
        found += [each for path, text in texts.items() for each in read_plainly(path, text)]
    else:
        listed, unclear = reader.apart(chain.from_iterable(read_file(reader, path) for path in texts))
        found += ask_kustomize(reader, folder, listed, unclear, reader.build_files)
    for each in outermost:
        found += _folder(reader, each, (*above, folder))
    yield from found
    if any(group_of(each.object) == "argoproj.io" for each in found):
        yield from _of_argo(reader, [path for path in below if not _under(path, outermost)])


def _of_argo(reader: Reader, paths: Sequence[str]) -> Iterator[Manifest]:
    """What Argo CD alone takes of a folder without a kustomization."""
    for path in paths:
        if path.endswith(".jsonnet"):
            reader.unknown.append(f"{path}, which Jsonnet makes objects of")
        elif path.endswith(".json"):
            yield from read_plainly(path, reader.read(path) or "")


def _is_left_out(path: str, folder: str) -> bool:
    """Whether Flux's sources leave a file out by themselves (fluxcd/pkg, sourceignore/sourceignore.go)."""
    return not _LEFT_OUT.isdisjoint(path.removeprefix(f"{folder}/").split("/"))


def _under(path: str, folders: Collection[str]) -> bool:
    return any(path.startswith(f"{folder}/") for folder in folders)


def _kustomization(reader: Reader, folder: str, path: str, text: str, above: tuple[str, ...]) -> Iterator[Manifest]:
    content = read_kustomization(path, text)
    fields = {key for key, value in content.items() if value is not None}
    if not fields - {"apiVersion", "kind", "metadata"}:
        raise _Empty(folder, path)
    entries = sequence(content.get("resources"))
    listed, unclear = reader.apart(chain.from_iterable(_entry(reader, folder, path, each, above) for each in entries))
    if fields <= _PLAIN:
        yield from ask_kustomize(reader, folder, listed, unclear, lambda _: reader.build(folder), path)
        return
    try:
        built = reader.build(folder)
    except KustomizationError as error:
        raise Stopped(f"{folder} cannot be built: {error}") from error
    if built is None:
        reader.unknown.append(f"{path}: {', '.join(sorted(fields - _PLAIN))}")
        yield from listed
        return
    files = {identify(each.object): each.path for each in listed}
    yield from (Manifest(files.get(identify(object), path), object) for object in built)


def _entry(reader: Reader, folder: str, path: str, entry: Any, above: tuple[str, ...]) -> Iterator[Manifest]:
    """What one entry of `resources` stands for."""
    if not isinstance(entry, str):
        raise Stopped(f"{path} lists {entry!r}")
    target = posixpath.normpath(posixpath.join(folder, entry))
    if _REMOTE.match(entry) and reader.read(target) is None:
        reader.unknown.append(f"{path} refers to {entry}, which is not in this repository")
        return
    if target.startswith(("..", "/")):
        raise Stopped(f"{path} leads out of the repository: {entry}")
    if reader.read(target) is not None:
        yield from read_file(reader, target)
    elif any(
        reader.read(f"{target}/{name}") is not None
        for name in ("kustomization.yaml", "kustomization.yml", "Kustomization")
    ):
        yield from _folder(reader, target, above)
    else:
        raise Stopped(f"{path} lists {entry}, which is not there")


_REMOTE = re.compile(r"(?:git::)?(?:\w+://|[a-z][a-z0-9-]*@|github\.com[/:])", re.IGNORECASE)
"""What kustomize asks a server for, where no file has the name (api, internal/git/repospec.go, `extractHost`)."""
