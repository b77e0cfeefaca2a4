"""Flux: the Kustomizations of a cluster, with the sources that they follow.

What is deleted with a Kustomization: kustomize-controller, internal/controller/kustomization_controller.go,
`finalizerShouldDeleteResources`: nothing when it is suspended; else by `deletionPolicy`, where MirrorPrune, the
default, means what `prune` says, Delete and WaitForTermination delete, Orphan keeps. Objects annotated `prune:
disabled` or `reconcile: disabled` are passed over, and so is what carries another owner's labels by then (fluxcd/pkg,
ssa/manager_delete.go). A Kustomization is not applied while one of its `dependsOn` is not ready or not there
(docs/spec/v1/kustomizations.md, "Dependencies").
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from llmstack.sync.manifests import Manifest, Object, annotation, mapping, sequence
from llmstack.sync.owner import Owner, Source, clean

GROUP = "kustomize.toolkit.fluxcd.io"
KEEPING = ("prune", "reconcile")
"""Annotations of that group which, when `disabled`, keep an object when its owner prunes or goes."""
_SOURCES = "source.toolkit.fluxcd.io/"
_GENERATORS = "source.extensions.fluxcd.io/"


def owners(manifests: Iterable[Manifest]) -> Iterator[Owner]:
    """Yield the Kustomizations among the objects of a cluster."""
    known = list(manifests)
    sources = dict(_sources(known))
    for manifest in known:
        object = manifest.object
        if object.get("kind") == "Kustomization" and str(object.get("apiVersion")).startswith(f"{GROUP}/"):
            yield _owner(manifest.path, object, sources)


def is_kept(object: Object) -> bool:
    """Whether Flux leaves an object in the cluster when its owner prunes, or is deleted."""
    return any(annotation(object, f"{GROUP}/{each}").lower() == "disabled" for each in KEEPING)


def _owner(file: str, object: Object, sources: dict[tuple[str, str, str], Source]) -> Owner:
    metadata, spec = mapping(object.get("metadata")), mapping(object.get("spec"))
    namespace = str(metadata.get("namespace") or "")
    reference = mapping(spec.get("sourceRef"))
    named = str(reference.get("kind")), str(reference.get("namespace") or namespace), str(reference.get("name"))
    prunes, suspended = spec.get("prune") is True, spec.get("suspend") is True
    policy = spec.get("deletionPolicy") or "MirrorPrune"
    deletes = prunes if policy == "MirrorPrune" else policy in ("Delete", "WaitForTermination")
    return Owner(
        tool="flux",
        kind="Kustomization",
        namespace=namespace,
        name=str(metadata.get("name")),
        path=clean(spec.get("path")),
        source=sources.get(named),
        prunes=prunes,
        deletes=deletes and not suspended,
        stands=is_kept(object),
        file=file,
        suspended=suspended,
        awaits=tuple(
            f"{each.get('namespace') or namespace}/{each.get('name')}"
            for each in map(mapping, sequence(spec.get("dependsOn")))
        ),
    )


def _sources(manifests: Iterable[Manifest]) -> Iterator[tuple[tuple[str, str, str], Source]]:
    """Sources by kind, namespace and name; an artifact is what its generator copies from."""
    direct: dict[tuple[str, str, str], Source] = {}
    generators = []
    for manifest in manifests:
        object = manifest.object
        metadata, version = mapping(object.get("metadata")), str(object.get("apiVersion"))
        key = str(object.get("kind")), str(metadata.get("namespace") or ""), str(metadata.get("name"))
        if version.startswith(_SOURCES):
            direct[key] = _source(object)
        elif version.startswith(_GENERATORS) and key[0] == "ArtifactGenerator":
            generators.append((key[1], mapping(object.get("spec"))))
    yield from direct.items()
    for namespace, spec in generators:
        origins = [mapping(each) for each in sequence(spec.get("sources"))]
        if not origins:
            continue
        first = origins[0]
        origin = direct.get((str(first.get("kind")), str(first.get("namespace") or namespace), str(first.get("name"))))
        for artifact in map(mapping, sequence(spec.get("artifacts"))):
            if origin is not None:
                yield ("ExternalArtifact", namespace, str(artifact.get("name"))), origin


def _source(object: Object) -> Source:
    spec = mapping(object.get("spec"))
    reference = mapping(spec.get("ref"))
    revision = next(
        (str(reference[key]) for key in ("commit", "name", "semver", "tag", "branch") if reference.get(key)), ""
    )
    return Source(str(spec.get("url") or spec.get("endpoint") or ""), revision)
