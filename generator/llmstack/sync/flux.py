"""Flux: the Kustomizations of a cluster, with the sources that they follow.

What is deleted with a Kustomization: kustomize-controller, internal/controller/kustomization_controller.go,
`finalizerShouldDeleteResources`: nothing when it is suspended; else by `deletionPolicy`, where MirrorPrune, the
default, means what `prune` says, Delete and WaitForTermination delete, Orphan keeps. Objects annotated `prune:
disabled` are passed over, and so is what carries another owner's labels by then (fluxcd/pkg, ssa/manager_delete.go).
What it makes of the objects of its folder: fluxcd/pkg, kustomize/kustomize_generator.go, `GenerateManifest`, and
kustomize_varsub.go.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec.structs import replace

from llmstack.kubernetes.durations import read_duration
from llmstack.kubernetes.pods import Object
from llmstack.kubernetes.untyped import mapping, sequence
from llmstack.sync.fields import unread
from llmstack.sync.manifests import Manifest
from llmstack.sync.owner import Owner, Source, clean, short_revision
from llmstack.sync.policies import FLUX, is_kept
from llmstack.sync.taken import alias_of
from llmstack.tree.flux import EXPRESSIONS

_SOURCES = "source.toolkit.fluxcd.io/"
_GENERATORS = "source.extensions.fluxcd.io/"
_RENAMING = ("targetNamespace", "namePrefix", "nameSuffix")
_ALTERING = (
    "patches",
    "patchesStrategicMerge",
    "patchesJson6902",
    "images",
    "components",
    "postBuild",
    "commonMetadata",
)
_FILTERING = ("ignore", "include", "sparseCheckout")
_PROVING = (
    "secretRef", "verify", "provider", "serviceAccountName", "certSecretRef", "proxySecretRef", "include",
    "recurseSubmodules",
)  # fmt: skip
_REFERENCES = ("digest", "commit", "name", "semver", "tag", "branch")
_BY_DEFAULT = {"GitRepository": "master", "OCIRepository": "latest"}

_EXPRESSIONS = "spec.healthCheckExprs"

SourceKey = tuple[str, str, str]
"""Kind, namespace, name."""


def owners(manifests: Iterable[Manifest]) -> Iterator[Owner]:
    """Yield the Kustomizations among the objects of a cluster."""
    known = list(manifests)
    sources = dict(_sources(known))
    for manifest in known:
        object = manifest.object
        if object.get("kind") == "Kustomization" and str(object.get("apiVersion")).startswith(f"{FLUX}/"):
            yield _owner(manifest.path, object, sources)


def _owner(file: str, object: Object, sources: Mapping[SourceKey, Source]) -> Owner:
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
        source_name="/".join(named),
        prunes=prunes,
        deletes=deletes and not suspended,
        stands=is_kept(object, "flux"),
        file=file,
        suspended=suspended,
        forces=spec.get("force") is True,
        alters=_text(spec, _ALTERING),
        renames=_text(spec, _RENAMING),
        place=_text(spec, ("kubeConfig",)),
        acts_as=str(spec.get("serviceAccountName") or ""),
        checks=spec.get("wait") is True or bool(sequence(spec.get("healthChecks"))),
        watches=frozenset(
            f"{each.get('kind')}/{each.get('name')}" for each in map(mapping, sequence(spec.get("healthChecks")))
        ),
        timeout=_timeout(spec),
        ignores=tuple(sequence(spec.get("ignore"))),
        overlooks=_text(spec, ("ignore",)),
        unread=_unread(object),
        awaits=tuple(
            f"{each.get('namespace') or namespace}/{each.get('name')}"
            for each in map(mapping, sequence(spec.get("dependsOn")))
        ),
    )


def _unread(object: Object) -> dict[str, Any]:
    """What no rule reads of a Kustomization: when custom resources that llmstack makes are healthy is known."""
    found = unread(object)
    own = [{"kind": kind, **expressions} for kind, expressions in EXPRESSIONS.items()]
    strange = [
        each
        for each in map(mapping, sequence(found.pop(_EXPRESSIONS, None)))
        if {key: value for key, value in each.items() if key != "apiVersion"} not in own
    ]
    return found | ({_EXPRESSIONS: strange} if strange else {})


def _text(spec: Mapping[str, Any], fields: Iterable[str]) -> str:
    """What is set of some fields, as text; empty for nothing."""
    found = {field: spec[field] for field in fields if spec.get(field)}
    return json.dumps(found, sort_keys=True, ensure_ascii=False, default=str) if found else ""


def _timeout(spec: Mapping[str, Any]) -> int | None:
    """The seconds of `timeout`, else of `interval` less half a minute, and never less than that
    (api/v1/kustomization_types.go, GetTimeout); None where neither can be read."""
    stated = _seconds(spec.get("timeout"))
    if stated is None:
        interval = _seconds(spec.get("interval"))
        stated = None if interval is None else interval - 30
    return None if stated is None else max(stated, 30)


def _seconds(duration: object) -> int | None:
    found = read_duration(duration)
    return None if found is None else round(found)


def _sources(manifests: Iterable[Manifest]) -> Iterator[tuple[SourceKey, Source]]:
    """Sources by kind, namespace and name; an artifact is what its generator copies from."""
    direct: dict[SourceKey, Source] = {}
    generators = []
    for manifest in manifests:
        object = manifest.object
        metadata, version = mapping(object.get("metadata")), str(object.get("apiVersion"))
        key = str(object.get("kind")), str(metadata.get("namespace") or ""), str(metadata.get("name"))
        if version.startswith(_SOURCES):
            direct[key] = read_source(object)
        elif version.startswith(_GENERATORS) and key[0] == "ArtifactGenerator":
            generators.append((key[1], _is_off(metadata), mapping(object.get("spec"))))
    yield from direct.items()
    for namespace, is_off, spec in generators:
        yield from _artifacts(namespace, spec, direct, is_off=is_off)


def _artifacts(
    namespace: str, spec: Mapping[str, Any], direct: Mapping[SourceKey, Source], *, is_off: bool
) -> Iterator[tuple[SourceKey, Source]]:
    """The artifacts of a generator, each as the source that it copies from first.

    One copy from a source that the generator does not name, and it makes none of them (source-watcher,
    internal/builder/builder.go: "source alias %s not found").
    """
    named = {
        str(each.get("alias")): (str(each.get("kind")), str(each.get("namespace") or namespace), str(each.get("name")))
        for each in map(mapping, sequence(spec.get("sources")))
    }
    artifacts = [
        (str(each.get("name")), sequence(each.get("copy"))) for each in map(mapping, sequence(spec.get("artifacts")))
    ]
    used = [alias_of(copy) for _, copies in artifacts for copy in copies]
    lacking = next((alias for alias in used if alias not in named), None)
    for name, copies in artifacts:
        alias = next((found for found in map(alias_of, copies) if found in named), "")
        origin = direct.get(named.get(alias) or next(iter(named.values()), ("", "", "")))
        if origin is not None:
            stopped = origin.stopped or ("is suspended" if is_off else "")
            stopped = stopped or (
                f"copies from `@{lacking}`, which is none of its sources" if lacking is not None else ""
            )
            filters = {**origin.filters, "copies": copies, "alias": alias}
            yield ("ExternalArtifact", namespace, name), replace(origin, filters=filters, stopped=stopped)


def _is_off(metadata: Mapping[str, Any]) -> bool:
    """Whether a generator is told to make no further artifact (docs/spec/v1beta1/artifactgenerators.md, "Suspending and
    Resuming")."""
    return str(mapping(metadata.get("annotations")).get(f"{_GENERATORS}reconcile")).lower() == "disabled"


def read_source(object: Object) -> Source:
    """What a source has those follow that name it."""
    spec = mapping(object.get("spec"))
    place = [str(spec[key]) for key in ("url", "endpoint", "bucketName", "prefix") if spec.get(key)]
    filters = {field: spec[field] for field in _FILTERING if spec.get(field)}
    stopped = "is suspended" if spec.get("suspend") is True else ""
    return Source("/".join(place), _revision(object), filters, _text(spec, _PROVING), stopped)


def _revision(object: Object) -> str:
    """What a source takes of its repository: the first of these that it names, else the one that it has by default
    (docs/spec/v1/gitrepositories.md and ocirepositories.md, "Reference")."""
    reference = mapping(mapping(object.get("spec")).get("ref"))
    chosen = next((key for key in _REFERENCES if reference.get(key)), None)
    if chosen is None:
        return _BY_DEFAULT.get(str(object.get("kind")), "")
    rest = f" of {reference['semverFilter']}" if chosen == "semver" and reference.get("semverFilter") else ""
    return short_revision(reference[chosen]) + rest
