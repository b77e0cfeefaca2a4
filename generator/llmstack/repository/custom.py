"""What people's own overlays build, under the same checks as what is generated."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from msgspec.structs import replace

from llmstack.checks import CHECKS, settle
from llmstack.checks.containers import check_engines
from llmstack.checks.partial import key_of
from llmstack.checks.rule import find
from llmstack.checks.subject import Subject
from llmstack.finding import Finding, Place
from llmstack.fit.overlaid import built_engines
from llmstack.kubernetes.pods import Object
from llmstack.kubernetes.sound import sound
from llmstack.objects.placed import Placed
from llmstack.repository.read import Reading


def check_custom(reading: Reading, unit: str, folder: str, objects: Sequence[Any]) -> Iterator[Finding]:
    """Yield what the checks on objects and engines find in what the overlay at `folder` builds in its place, and do
    not find in what is generated: at the overlay, at the severities that the values ask for."""
    subject = reading.subject
    if subject is None:
        return
    read = [sound(item)[0] for item in objects]
    built = [Placed(unit, f"{number}", dict(item)) for number, item in enumerate(read) if item is not None]
    rest = [placed for placed in subject.objects if placed.unit != unit]
    known = {key_of(finding) for finding in _find(subject)}
    new = [each for each in _find(replace(subject, built=(*rest, *built))) if key_of(each) not in known]
    new += _of_engines(subject, unit, [each.object for each in built])
    found = (replace(finding, route=None, place=Place(f"{folder}/kustomization.yaml")) for finding in new)
    yield from settle(found, reading.layers, dict(subject.stack.gitops.checks or {}))


def _of_engines(subject: Subject, unit: str, objects: Sequence[Object]) -> Iterator[Finding]:
    """What the rules on engines have against those that the overlay makes others of, and not against the values'."""
    for each in built_engines(subject.stack, {unit}, objects, subject.facts):
        if each.is_of_values:
            continue
        before = {located.finding for located in check_engines(() if each.made is None else (each.made,))}
        yield from (located.finding for located in check_engines((each.engine,)) if located.finding not in before)


def _find(subject: Subject) -> Iterator[Finding]:
    for rule in CHECKS.values():
        if rule.RULE.needs_objects:
            yield from find(rule, subject)
