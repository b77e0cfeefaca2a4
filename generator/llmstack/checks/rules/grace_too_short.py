"""A pod is killed before its requests are finished.

The grace period (terminationGracePeriodSeconds, 30 when unset) holds the preStop hook and what vLLM does after SIGTERM.
Where it is shorter than the hook's sleep, an action or a command, and `--shutdown-timeout` together, the kubelet kills
the engine in the middle of answers that it was told to finish. And where `gitops.drain` is set for a vLLM before 0.18,
which has no `--shutdown-timeout`, nothing waits for answers at all.

Fix: a grace period above the sum, or `gitops.drain`, which sets all three; vLLM 0.18 or later.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.subject import Subject
from llmstack.engine.settings import read_flags
from llmstack.finding import Route, Severity
from llmstack.flags import catalogue_for
from llmstack.kubernetes.hooks import seconds_slept
from llmstack.kubernetes.quantities import read_whole
from llmstack.model.models import Model
from llmstack.objects import arguments, drain, engine_container, engine_pod

RULE = Declaration("grace-too-short", Severity.WARNING, needs_objects=True)

DEFAULT_GRACE = 30
"""terminationGracePeriodSeconds where nobody says (core/v1, PodSpec)."""


def run(subject: Subject) -> Iterator[Problem]:
    for at, model in subject.models():
        if model.gitops.drain is not None and not drain.knows_drain(model):
            message = f"nothing waits for answers: the vLLM of `{model.name}` has no {drain.FLAG}"
            yield Problem(message, (*at, "gitops", "drain"), help="an image of vLLM 0.18 or later")
        grace = engine_pod.grace_period(subject.stack, model)
        waits = seconds_slept(engine_container.hooks(subject.stack, model))
        finishes = _finish(model)
        needed = waits + finishes
        if needed > (DEFAULT_GRACE if grace is None else grace):
            given = f"{DEFAULT_GRACE}, the default" if grace is None else str(grace)
            message = (
                f"`{model.name}` waits {waits} s and finishes requests for {finishes} s; it is killed after {given}"
            )
            help = f"terminationGracePeriodSeconds: {needed + drain.BESIDE}"
            yield Problem(message, _place(subject, at), help=help)


def _finish(model: Model) -> int:
    """Seconds that the engine is told to let requests finish, the last argument counting."""
    given = [*drain.arguments(model), *arguments.extra(model)]
    if not any(str(each).startswith("--shut") for each in given):
        return 0
    catalogue = catalogue_for(model.repository or "", model.tag or "", model.gitops.vllm_version).catalogue
    return read_whole(read_flags([str(each) for each in given], catalogue).get(drain.FLAG) or "") or 0


def _place(subject: Subject, at: Route) -> Route:
    own: Route = (*at, "terminationGracePeriodSeconds")
    shared: Route = ("servingEngineSpec", "terminationGracePeriodSeconds")
    return own if subject.states(own) else shared if subject.states(shared) else (*at, "name")
