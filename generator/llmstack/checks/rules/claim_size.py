"""The model's claim is smaller than its weights.

With `pvcStorage` the weights are downloaded to the claim (HF_HOME is /data). A claim that is smaller than the files is
full before the engine starts, and the pod ends with an error at every try. It is a warning, because some provisioners
(local-path, hostPath) hold no claim to its size. The size is that of facts/models/, or of
the catalogue that comes with llmstack. Models that are loaded from a path, or from shared storage, are left alone.

Fix: a claim with room for the weights, and for the next revision beside them.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.checks.engines import engines
from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.subject import Subject
from llmstack.engine.memory import GIB
from llmstack.finding import Severity
from llmstack.fit.question import hub_name
from llmstack.kubernetes.quantities import quantity
from llmstack.objects.engine_storage import DATA_PATH, weights_path

RULE = Declaration("claim-size", Severity.WARNING)


def run(subject: Subject) -> Iterator[Problem]:
    for asked in engines(subject):
        model, facts = asked.model, asked.question.facts
        if facts is None or facts.weights is None or not model.pvc_storage or hub_name(model) is None:
            continue
        size = quantity(model.pvc_storage)
        own = weights_path(subject.stack, model) == DATA_PATH and not model.pvc_existing_claim_name
        if own and size is not None and size < facts.weights.bytes:
            weights = facts.weights.bytes / GIB
            message = f"the claim of `{model.name}` has {model.pvc_storage}; its weights are {weights:.1f} GiB"
            help = f"pvcStorage: {-(-2 * facts.weights.bytes // GIB)}Gi holds two revisions"
            yield Problem(message, (*asked.route, "pvcStorage"), help=help)
