"""Flags in the JSON Schema of the values: what an editor offers in `extraArgs`. Nothing is refused: `lint` knows more.

Of vLLM the flags of the release that the model's `gitops.vllmVersion` or `tag` names, else those of the newest. A flag
that there still is stands once, at the release that brought it, and each release refers to the one before.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llmstack.flags.catalogue import changes, router_catalogue, versions

_FREE = {"type": ["string", "number"]}


def add_flags(schema: dict[str, Any]) -> None:
    """Offer flags in every `extraArgs` of vLLM and of the router."""
    definitions = schema["$defs"]
    minors = list(dict.fromkeys(_minor(version) for version in versions()))
    definitions |= dict(_releases(minors))
    definitions["Model"]["allOf"] = [
        *({"if": _runs(minor.replace(".", "[.]")), "then": _offer(minor)} for minor in minors),
        {"if": {"not": _runs("0[.][0-9]+")}, "then": _offer(minors[-1])},
    ]
    router = sorted(router_catalogue().flags)
    for node in definitions["RouterSpec"]["properties"]["extraArgs"]["anyOf"]:
        if node.get("type") == "array":
            node["items"] = {"anyOf": [{"enum": router}, _FREE]}


def _releases(minors: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """For each release, oldest first: its flags that still are there, and arguments, which may be others too."""
    since = {name: minors.index(_minor(change.since)) for name, change in changes().items()}
    until = {name: minors.index(_minor(change.until)) for name, change in changes().items() if change.until}
    for number, minor in enumerate(minors):
        stay = sorted(name for name, first in since.items() if name not in until and first == number)
        gone = sorted(name for name, last in until.items() if since[name] <= number <= last)
        before = [{"$ref": f"#/$defs/vllm-{minors[number - 1]}"}] if number else []
        yield f"vllm-{minor}", {"anyOf": [{"enum": stay}, *before]}
        offered = [{"$ref": f"#/$defs/vllm-{minor}"}, *([{"enum": gone}] if gone else [])]
        yield f"vllm-{minor}-arguments", {"items": {"anyOf": [*offered, _FREE]}}


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])


def _runs(release: str) -> dict[str, Any]:
    """Whether a model says that it runs a release; the tag of an image with LMCache is LMCache's."""
    pattern = {"pattern": f"^v?{release}([^0-9]|$)"}
    stated = {"required": ["vllmVersion"], "properties": {"vllmVersion": pattern}}
    official = {"tag": pattern, "repository": {"not": {"pattern": "lmcache"}}}
    return {
        "anyOf": [
            {"required": ["gitops"], "properties": {"gitops": stated}},
            {"required": ["tag"], "properties": official},
        ]
    }


def _offer(minor: str) -> dict[str, Any]:
    listed = {"$ref": f"#/$defs/vllm-{minor}-arguments"}
    return {"properties": {"extraArgs": listed, "vllmConfig": {"properties": {"extraArgs": listed}}}}
