"""The objects of one file of clusters/, as kustomize reads it; what only kustomize can read is left to it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from msgspec import Struct, field

from llmstack import yamlio
from llmstack.kubernetes.definitions import group_of
from llmstack.kubernetes.pods import Object
from llmstack.kubernetes.untyped import mapping, sequence
from llmstack.kustomize.build import Unsupported, build
from llmstack.kustomize.files import KustomizationError, Read

Identity = tuple[str, str, str, str]
Build = Callable[[str], Sequence[Object] | None]
"""What a folder builds to; None where that is not known. Raises KustomizationError where kustomize cannot build it."""

BuildFiles = Callable[[Sequence[str]], Sequence[Object] | None]
"""What kustomize makes of files together; None and KustomizationError as of a folder."""


_ALONE = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [f.yaml]\n"
"""A kustomization of one file."""


class Manifest(Struct, frozen=True):
    """An object and the file that it stands in."""

    path: str
    object: Object


class Stopped(Exception):
    """What keeps the tool from building a folder."""


class Reader(Struct):
    """What a folder is read by, and what is found out on the way."""

    read: Read
    paths: Collection[str]
    build: Build
    build_files: BuildFiles
    unknown: list[str] = field(default_factory=list)
    unclear: dict[str, str] = field(default_factory=dict)
    """Files that only kustomize can read, each with what our own reading says against it, or nothing."""

    def apart(self, objects: Iterable[Manifest]) -> tuple[list[Manifest], dict[str, str]]:
        """These objects, and those of their files that only kustomize can read."""
        outer, self.unclear = self.unclear, {}
        listed = list(objects)
        unclear, self.unclear = self.unclear, outer
        return listed, unclear


def nobody_asked(paths: Sequence[str]) -> None:
    """There is no kustomize to ask."""


def ask_kustomize(
    reader: Reader,
    folder: str,
    listed: list[Manifest],
    unclear: Mapping[str, str],
    build: BuildFiles,
    path: str | None = None,
) -> Sequence[Manifest]:
    """The objects of a folder as they are listed, those of `unclear` files as kustomize makes them of them; what a
    kustomization at `path` lists is built with all that it lists."""
    if not unclear:
        return listed
    try:
        built = build(list(unclear))
    except KustomizationError as error:
        said = next(filter(None, unclear.values()), f"{folder} cannot be built: {error}")
        raise Stopped(said) from error
    if built is None:
        reader.unknown.extend(f"{each}, which only kustomize can read" for each in unclear)
        return listed
    files = {identify(each.object): each.path for each in listed}
    others = [] if path is not None else [each for each in listed if each.path not in unclear]
    return [*others, *(Manifest(files.get(identify(each), path or next(iter(unclear))), each) for each in built)]


def read_file(reader: Reader, path: str) -> Iterator[Manifest]:
    """The objects of a file; of one that only kustomize can read, what our own reading makes of it."""
    text = reader.read(path) or ""
    objects = _read_as_kustomize(path, text)
    if objects is not None:
        yield from (Manifest(path, each) for each in objects)
        return
    reader.unclear[path] = ""
    try:
        yield from list(read_plainly(path, text))
    except Stopped as stopped:
        reader.unclear[path] = str(stopped)


def _read_as_kustomize(path: str, text: str) -> list[dict[str, Any]] | None:
    """The objects that kustomize makes of a file; None where it has to be asked. YAML out of bounds is not given to it,
    nor is a conflict."""
    try:
        return build({"f/kustomization.yaml": _ALONE, "f/f.yaml": text}.get, "f")
    except Unsupported:
        pass
    try:
        yamlio.check_bounds(text)
    except (yamlio.OutOfBoundsError, yamlio.ConflictError) as error:
        raise _not_yaml(path, error) from error
    except yamlio.YAMLError:
        pass  # which kustomize may read all the same: tags, encodings
    return None


def read_plainly(path: str, text: str) -> Iterator[Manifest]:
    """The objects of a file by a reading that takes more than kustomize does, and is near to what Argo CD makes of a
    folder without a kustomization."""
    for document in _documents(path, text):
        is_list = mapping(document).get("kind") == "List"
        for item in sequence(document.get("items")) if is_list else [document]:
            if not isinstance(item, Mapping) or not all((item.get("apiVersion"), item.get("kind"), _named(item))):
                raise Stopped(f"{path} holds what is no Kubernetes object: apiVersion, kind or a name is missing")
            yield Manifest(path, item)


def read_kustomization(path: str, text: str) -> Mapping[str, Any]:
    """What a kustomization says; nothing where it is not one document."""
    body = _documents(path, text)
    return mapping(body[0]) if len(body) == 1 else {}


def identify(object: Object) -> Identity:
    """API group, kind, namespace and name, as text whatever they are; the version does not count."""
    metadata = mapping(object.get("metadata"))
    return group_of(object), str(object.get("kind")), str(metadata.get("namespace") or ""), str(metadata.get("name"))


def is_of_kind(obj: Object, pattern: Mapping[str, Any]) -> bool:
    """Whether an object is of a `group` and a `kind`, as Argo CD's settings name them: by patterns of a shell."""
    group, kind = group_of(obj), str(obj.get("kind"))
    return fnmatchcase(group, str(pattern.get("group") or "")) and fnmatchcase(kind, str(pattern.get("kind") or ""))


def _named(object: Object) -> bool:
    return bool(mapping(object.get("metadata")).get("name"))


def _documents(path: str, text: str) -> list[Any]:
    try:
        return list(yamlio.load_all(text))
    except (yamlio.YAMLError, ValueError, RecursionError) as error:
        raise _not_yaml(path, error) from error


def _not_yaml(path: str, error: Exception) -> Stopped:
    return Stopped(f"{path} is not YAML: {str(error).partition(chr(10))[0]}")
