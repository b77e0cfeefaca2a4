"""A label, a node selector or an annotation that Kubernetes refuses.

A key is a name of at most 63 letters, digits, `-`, `_` and `.`, which begins and ends with a letter or digit,
after an optional DNS prefix and `/`. A label's value has the same form, or is empty; an annotation's value is
any text, all of an object's annotations at most 256 KiB (IsQualifiedName and IsValidLabelValue,
k8s.io/apimachinery pkg/util/validation/validation.go; TotalAnnotationSizeLimitB,
pkg/api/validation/objectmeta.go).

Fix: shorten or rewrite it; what is long or free text belongs into an annotation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from llmstack.checks.fields import Block
from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.subject import Subject
from llmstack.finding import Severity
from llmstack.kubernetes.names import annotations_fault, is_label_value, key_fault

RULE = Declaration("bad-label", Severity.ERROR, alone=True)


def run(subject: Subject) -> Iterator[Problem]:
    for block in subject.blocks:
        if isinstance(block.role, str):
            yield from _block(block)
    for route, object in subject.extra_objects():
        metadata = object.get("metadata")
        for role in ("labels", "annotations"):
            found = metadata.get(role) if isinstance(metadata, dict) else None
            if isinstance(found, dict):
                yield from _block(
                    Block((*route, "metadata", role), "labels" if role == "labels" else "annotations", found)
                )


def _block(block: Block) -> Iterator[Problem]:
    values: Mapping[object, object] = block.value
    for key, value in values.items():
        if not isinstance(key, str) or not isinstance(value, str):
            continue
        if (fault := key_fault(key)) is not None:
            what = "an annotation's key" if block.role == "annotations" else "a label's key"
            yield Problem(
                f"`{key}` is not {what}: {fault}", (*block.route, key), help="write `name` or `example.com/name`"
            )
        if block.role != "annotations" and not is_label_value(value):
            message = f"`{_short(value)}` is not a label's value: at most 63 letters, digits, `-`, `_` and `.`"
            yield Problem(message, (*block.route, key), help="shorten it, or use an annotation")
    if block.role == "annotations" and (fault := annotations_fault(values)) is not None:
        yield Problem(fault, block.route)


def _short(text: str) -> str:
    return text if len(text) <= 70 else f"{text[:67]}…"
