"""The rules on values that could not be read whole: what they say for certain without the keys that were refused."""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.checks.rules import plaintext_secret
from llmstack.checks.subject import Subject
from llmstack.checks.table import ALONE, WHOLE, run_checks
from llmstack.finding import Finding, Place, Route, Severity
from llmstack.model.salvage import Salvage, salvage
from llmstack.values.layers import Layers


def run_partial(environment: str, layers: Layers) -> Iterator[Finding]:
    """Yield what the rules find in the rest of the values, at last without raw blocks that Kubernetes refuses.

    A warning may come of a key that was left out, so only rules that look at single values warn here; and a key
    may be missing because it is misspelt beside.
    """
    said: set[tuple[str, str, Route | None, Place | None]] = set()
    refused: list[Route] = []
    before = None
    for complete in (False, True):
        rest = salvage(layers, refused, complete=complete)
        if rest is None or (before is not None and rest.left_out == before.left_out):
            return
        before = rest
        found = list(run_checks(Subject(environment, rest.stack.named(environment), layers, {})))
        for finding in found:
            if is_certain(finding, rest) and key_of(finding) not in said:
                said.add(key_of(finding))
                yield finding
        refused += [finding.route for finding in found if finding.id == "kubernetes-block" and finding.route]


def is_certain(finding: Finding, rest: Salvage) -> bool:
    """Whether a finding would stand if the keys that were left out were right."""
    route = finding.route
    if finding.id == plaintext_secret.RULE.id:
        return True  # under a key that is none it is committed all the same
    if not route or rest.bears_on(route) or (finding.id in WHOLE and rest.is_beside(route)):
        return False
    return finding.id in ALONE or finding.severity is Severity.ERROR


def key_of(finding: Finding) -> tuple[str, str, Route | None, Place | None]:
    """What two findings of one mistake share. What stands at no route (a comment) is told by its place."""
    return finding.id, finding.message, finding.route, finding.place if finding.route is None else None
