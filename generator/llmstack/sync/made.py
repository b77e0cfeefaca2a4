"""What an owner makes of the objects of its folder before it applies them: a Kustomization of Flux by its patches,
images, postBuild and commonMetadata, an Application of Argo CD by the patches and images of `source.kustomize`.

kustomize-controller writes `patches` and `images` into the kustomization that it builds (fluxcd/pkg, kustomize/
kustomize_generator.go), which runs patches before images, and substitutes the variables of `postBuild` in what comes
out (kustomize/kustomize_varsub.go; docs/spec/v1/kustomizations.md, "Post build variable substitution"); then come the
labels and annotations of `commonMetadata`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any

from llmstack import yamlio
from llmstack.kubernetes.pods import Object
from llmstack.kubernetes.untyped import mapping, sequence
from llmstack.kustomize.build import patch_resource
from llmstack.kustomize.merge import Unsupported
from llmstack.kustomize.references import Resource
from llmstack.kustomize.targets import parse_target
from llmstack.sync import argo
from llmstack.sync.json_patch import Broken, apply_json_patch
from llmstack.sync.owner import clean
from llmstack.sync.policies import FLUX

FIELDS = ("patches", "images", "postBuild", "commonMetadata")
"""What of a Kustomization's specification can be played here."""
_MOST = 50_000
"""How many times an entry of these may be held against an object: of more, what they make of objects is not told."""
_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_NAMED = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?::?[=-](.*))?", re.DOTALL)
_OFF = "kustomize.toolkit.fluxcd.io/substitute"


def is_playable(spec: Mapping[str, Any]) -> bool:
    """Whether all that a specification makes of its objects is stated in it."""
    return not mapping(spec.get("postBuild")).get("substituteFrom")


def with_variables(spec: Mapping[str, Any], maps: Mapping[str, Object]) -> Mapping[str, Any]:
    """Return the specification with the variables that it takes from config maps (`substituteFrom`) stated in it; as it
    is where one is not among `maps`, those of its namespace by name. Later ones win over earlier ones, and what it
    states itself over both; line breaks are left out of values (fluxcd/pkg, kustomize/kustomize_varsub.go)."""
    build = mapping(spec.get("postBuild"))
    named = [mapping(each) for each in sequence(build.get("substituteFrom"))]
    if not named or any(each.get("kind") != "ConfigMap" or each.get("name") not in maps for each in named):
        return spec
    found: dict[str, Any] = {}
    for each in named:
        data = mapping(maps[str(each["name"])].get("data"))
        found |= {key: str(value).replace("\n", "") for key, value in data.items()}
    rest = {key: value for key, value in build.items() if key != "substituteFrom"}
    return {**spec, "postBuild": {**rest, "substitute": {**found, **mapping(build.get("substitute"))}}}


def stated(object: Object) -> tuple[str, Mapping[str, Any]] | None:
    """The folder that an owner builds and what it makes of its objects, in the words of a Kustomization of Flux; None
    for what is no owner, or says something that cannot be played."""
    spec = mapping(object.get("spec"))
    group = str(object.get("apiVersion")).partition("/")[0]
    if (group, object.get("kind")) == (FLUX, "Kustomization"):
        return clean(spec.get("path")), spec
    if (group, object.get("kind")) != (argo.GROUP, "Application"):
        return None
    origin = mapping(spec.get("source"))
    own = mapping(origin.get("kustomize"))
    if own.keys() - {"patches", "images", *argo.RENAMING}:
        return None
    images = [_image_of(str(each)) for each in sequence(own.get("images"))]
    return clean(origin.get("path")), {"patches": own.get("patches"), "images": images}


def _image_of(text: str) -> dict[str, str]:
    """An image as `kustomize edit set image` takes it, `[OLD=]NEW[:TAG][@DIGEST]`, as an entry of a kustomization."""
    former, _, new = text.rpartition("=")
    rest, _, digest = new.partition("@")
    name, _, tag = rest.rpartition(":") if ":" in rest.rpartition("/")[2] else (rest, "", "")
    made = {"name": former or name, "newName": name, "newTag": tag, "digest": digest}
    return {key: value for key, value in made.items() if value}


def make_of(spec: Mapping[str, Any], objects: Sequence[Object]) -> list[dict[str, Any]] | None:
    """Return the objects as they are applied; None where that cannot be told."""
    try:
        return _made_of(spec, objects)
    except (Unsupported, yamlio.YAMLError, ValueError):
        return None


def is_broken(spec: Mapping[str, Any], objects: Sequence[Object]) -> bool:
    """Whether kustomize refuses a patch of a specification, so that nothing of the unit is applied."""
    try:
        _made_of(spec, objects)
    except Broken:
        return True
    except (Unsupported, yamlio.YAMLError, ValueError):
        return False
    return False


def _made_of(spec: Mapping[str, Any], objects: Sequence[Object]) -> list[dict[str, Any]]:
    if not is_playable(spec):
        raise Unsupported("variables of other objects")
    build, common = mapping(spec.get("postBuild")), mapping(spec.get("commonMetadata"))
    stated = (spec.get("patches"), spec.get("images"), *common.values())
    if sum(len(each) for each in stated if isinstance(each, (list, dict))) * len(objects) > _MOST:
        raise Unsupported("too many patches, images or labels")
    found = [dict(obj) for obj in objects]
    for patch in sequence(spec.get("patches")):
        found = _patched(mapping(patch), found)
    images = [mapping(image) for image in sequence(spec.get("images"))]
    found = [_with_images(obj, images) for obj in found] if images else found
    values = build.get("substitute")
    if values or build.get("substituteStrategy") == "Always":
        found = [_substituted(obj, mapping(values)) for obj in found]
    return [_labelled(obj, common) for obj in found]


def _patched(entry: Mapping[str, Any], objects: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The objects after one patch: a JSON patch (a list), or a strategic merge one."""
    documents = yamlio.load_objects(str(entry.get("patch") or ""))
    if len(documents) != 1:
        raise Unsupported("a patch of several documents")
    patch = documents[0]
    target = entry.get("target")
    if isinstance(patch, list):
        return [apply_json_patch(obj, patch) if _selects(target)(obj) else obj for obj in objects]
    select = _selects(target) if target else _own_target(patch)
    if not target and not any(map(select, objects)):
        raise Broken("a patch of an object that is not there")
    made = (patch_resource(Resource(obj), patch) if select(obj) else Resource(obj) for obj in objects)
    return [resource.object for resource in made if resource is not None]


def _own_target(patch: Mapping[str, Any]) -> Callable[[Object], bool]:
    """The object that a patch without target names; its namespace may be set by the build after the patch."""
    own = mapping(patch.get("metadata"))

    def select(obj: Object) -> bool:
        other = mapping(obj.get("metadata"))
        named = (patch.get("kind"), own.get("name")) == (obj.get("kind"), other.get("name"))
        return named and own.get("namespace") in (None, other.get("namespace"))

    return select


def _selects(target: Any) -> Callable[[Object], bool]:
    if target is None:
        raise Unsupported("a JSON patch without a target")
    select = parse_target(target)
    return lambda obj: select(Resource(dict(obj)))


def _with_images(value: Any, images: Sequence[Mapping[str, Any]]) -> Any:
    """The value with the image of each container changed by those of its name, one after the other (kustomize,
    api/filters/imagetag)."""
    if isinstance(value, Mapping):
        found = {key: _with_images(item, images) for key, item in value.items()}
        for key in ("containers", "initContainers"):
            if isinstance(found.get(key), list):
                found[key] = [reduce(_renamed, images, each) for each in found[key]]
        return found
    return [_with_images(each, images) for each in value] if isinstance(value, list) else value


def _renamed(container: Any, image: Mapping[str, Any]) -> Any:
    stated = container.get("image") if isinstance(container, Mapping) else None
    if not str(stated).startswith(str(image.get("name"))):
        return container
    match = re.fullmatch(
        rf"{re.escape(str(image.get('name')))}(:[\w.{{}}-]*)?(@sha256:[\w.{{}}-]*)?", str(stated), re.ASCII
    )
    if match is None:
        return container
    name, tag, digest = str(image.get("newName") or image.get("name")), match[1] or "", match[2] or ""
    if image.get("newTag"):
        tag, digest = f":{image['newTag']}", ""
    if image.get("digest"):
        tag, digest = tag if image.get("newTag") else "", f"@{image['digest']}"
    return {**container, "image": f"{name}{tag}{digest}"}


def _substituted(obj: dict[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """The object with its variables replaced, unless it says that it has none."""
    metadata = mapping(obj.get("metadata"))
    if "disabled" in (mapping(metadata.get(each)).get(_OFF) for each in ("labels", "annotations")):
        return obj
    made: dict[str, Any] = _filled(obj, values)
    return made


def _labelled(obj: dict[str, Any], common: Mapping[str, Any]) -> dict[str, Any]:
    """The object with labels and annotations added to its own metadata, and to nothing in it (fluxcd/pkg, ssa/utils,
    SetCommonMetadata)."""
    metadata = dict(mapping(obj.get("metadata")))
    for field in ("labels", "annotations"):
        if common.get(field):
            metadata[field] = {**mapping(metadata.get(field)), **mapping(common[field])}
    return {**obj, "metadata": metadata}


def _filled(value: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(value, Mapping):
        return {_filled(key, values): _filled(item, values) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(each, values) for each in value]
    if not isinstance(value, str) or "${" not in value:
        return value
    text = _VARIABLE.sub(lambda match: _value(match[1], values), value)
    if "\n" in value or "\n" in text:
        return text
    read = yamlio.load_objects(text)
    return read[0] if len(read) == 1 and isinstance(read[0], (str, int, float, bool)) else text


def _value(expression: str, values: Mapping[str, Any]) -> str:
    """What stands for a variable: its value, else its default; nothing for one that is not set."""
    match = _NAMED.fullmatch(expression)
    if match is None:
        raise Unsupported(f"${{{expression}}}")
    return str(values.get(match[1]) or match[2] or "")
