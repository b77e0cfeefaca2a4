"""What gets into a cluster of the objects in its folder: not what the tool passes over, nor what the API refuses.

Flux tries all of a folder first and applies none of it when one object is refused, so no unit comes, goes or changes
(fluxcd/pkg, ssa/manager_apply.go, ApplyAll); Argo CD goes on with the others, and the one that is refused stays in the
cluster as it was. Refused is what a kind's schema does not take, a field that it does not know among it: server-side
apply asks for every field of it (`field not declared in schema`); what `kubernetes/refused.py` says beyond that; and a
changed field that stays as it is (`kubernetes/immutable.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from llmstack import schemas
from llmstack.finding import show_route
from llmstack.kubernetes.immutable import refused_fields
from llmstack.kubernetes.refused import refusals
from llmstack.kubernetes.schema import Problem, check_object
from llmstack.kubernetes.untyped import mapping
from llmstack.sync.folders import Listing
from llmstack.sync.manifests import Identity, Manifest, identify
from llmstack.sync.policies import is_made_anew, why_skipped

_VERSION = schemas.KUBERNETES_VERSIONS[-1]


def as_admitted(
    before: Listing, after: Listing, *, forces: bool = False
) -> tuple[Listing, Sequence[tuple[Manifest, str]]]:
    """The later listing as it gets into the cluster, and what is refused of it that was not before, each with the
    reason. `forces` is whether what applies the folder makes anew what the API refuses to change."""
    known = {identify(each.object): each for each in before.manifests}
    refused = {
        identify(each.object): (each, why)
        for each in after.manifests
        if (there := known.get(identify(each.object))) is None or there.object != each.object
        if (why := _why_refused(each.object) or _why_it_stays(there, each, forces=forces)) is not None
    }
    if not refused:
        return after, ()
    if not _is_argo(after):
        manifest, why = next(iter(refused.values()))
        return replace(after, manifests=(), problem=f"{manifest.path} is refused: {why}"), ()
    kept = tuple(_kept(after.manifests, refused, known))
    return replace(after, manifests=kept), tuple(refused.values())


def as_taken(before: Listing, after: Listing) -> Listing:
    """The later listing as its tool takes it: an object that says that it is to be passed over stays as it was, or is
    not made (`policies.why_skipped`)."""
    known = {identify(each.object): each for each in before.manifests}
    passed = {
        key for each in after.manifests if why_skipped(each.object, exists=(key := identify(each.object)) in known)
    }
    kept = _kept(after.manifests, passed, known) if passed else after.manifests
    return replace(after, manifests=tuple(kept))


def without_twins(listing: Listing) -> Listing:
    """The listing; with a problem where Flux finds an object twice in it, which kustomize refuses (api/resmap, "may not
    add resource with an already registered id")."""
    known: dict[tuple[str, Identity], str] = {}
    for each in () if _is_argo(listing) else listing.manifests:
        key = str(each.object.get("apiVersion")), identify(each.object)
        if key in known:
            problem = f"{each.path} has {key[1][1]}/{key[1][3]}, which {known[key]} has too"
            return replace(listing, manifests=(), problem=problem)
        known[key] = each.path
    return listing


def _is_argo(listing: Listing) -> bool:
    return any(each.object.get("kind") in ("Application", "ApplicationSet") for each in listing.manifests)


def _kept(
    manifests: Sequence[Manifest], refused: Collection[Identity], known: Mapping[Identity, Manifest]
) -> Iterator[Manifest]:
    """The objects that are in the cluster then: in the place of a refused one that which was there, if any."""
    for each in manifests:
        key = identify(each.object)
        if key not in refused:
            yield each
        elif key in known:
            yield known[key]


def _why_refused(object: Mapping[str, Any]) -> str | None:
    """What the schema of an object's kind says against it; None for nothing, and where it is not applied as written."""
    if "sops" in object:
        return None
    stated = _without_nulls(object)
    problem = next(check_object(_VERSION, stated), None) or next(iter(refusals(stated)), None)
    return None if problem is None or "${" in str(object) else _said(object, problem)


def _why_it_stays(before: Manifest | None, after: Manifest, *, forces: bool) -> str | None:
    """Which field of an object that is there the API refuses to change; None for none, and where it is made anew."""
    object = after.object
    if before is None or forces or is_made_anew(object) or "sops" in object or "${" in str(object):
        return None
    fields = refused_fields(str(object.get("kind")), before.object, object)
    return f"{_name(object)}: `{fields[0]}` stays as it is" if fields else None


def _said(object: Mapping[str, Any], problem: Problem) -> str:
    place = show_route(problem.route)
    return f"{_name(object)}: {problem.message}" + ("" if place in problem.message else f" at {place}")


def _name(object: Mapping[str, Any]) -> str:
    return f"{object.get('kind')}/{mapping(object.get('metadata')).get('name')}"


def _without_nulls(value: Any) -> Any:
    """A value without the keys that are null: the API server takes them for absent."""
    if isinstance(value, Mapping):
        return {key: _without_nulls(each) for key, each in value.items() if each is not None}
    return [_without_nulls(each) for each in value] if isinstance(value, list) else value
