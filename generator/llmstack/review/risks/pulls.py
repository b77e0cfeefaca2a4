"""Secrets by which images are pulled, that pods begin to name, or name no more.

Without one the kubelet asks the registry without credentials, unless the node, or the pods' ServiceAccount, has some
(kubernetes.io, "Pull an Image from a Private Registry").
"""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.kubernetes.pods import Object, pod_specs
from llmstack.review.risks.assessment import Assessment
from llmstack.review.risks.unforeseen import Unforeseen
from llmstack.review.ways_in.needs import provided, pull_secrets


def pulls(assessment: Assessment) -> Iterator[Unforeseen]:
    """Yield those that nothing here makes, and those that pods pulled with before."""
    had = {name for obj in assessment.before for name in _secrets_of(obj)}
    there = {name for kind, _, name in provided(assessment.after) if kind == "Secret"}
    there |= {name for kind, name in assessment.facts[1].existing if kind == "Secret"}
    for change in assessment.changes if assessment.before else ():
        now = _secrets_of(change.after)
        for name in sorted(now - had - there):
            message = (
                f"the pods begin to pull their images with Secret `{name}`, which nothing here makes: a registry "
                "that asks for it refuses them"
            )
            advice = "See that it is there before the merge, or name it in `gitops.existing`."
            yield change.key, message, advice
        gone = _secrets_of(change.before) if change.after is not None and not now else set()
        if gone and change.restarts:
            names = ", ".join(f"`{name}`" for name in sorted(gone))
            message = (
                f"the pods no longer pull their images with Secret {names}, nor with another one: a registry that asks "
                "for it refuses them, unless their nodes or their ServiceAccount have credentials"
            )
            yield change.key, message, "Keep the Secret, unless the images are pulled without one."


def _secrets_of(obj: Object | None) -> set[str]:
    specs = (spec for _, spec in pod_specs(dict(obj))) if obj is not None else ()
    return {name for spec in specs for name in pull_secrets(spec)}
