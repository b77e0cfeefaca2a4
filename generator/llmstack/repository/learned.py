"""What a cluster's JSON says, by what this repository has in that cluster: for `learn cluster`."""

from __future__ import annotations

import codecs
import io
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any, BinaryIO

from msgspec.structs import replace

from llmstack.errors import FoundError, UsageError
from llmstack.facts.cluster import ClusterFacts
from llmstack.facts.devices import claims_unseen
from llmstack.facts.kept import join_facts
from llmstack.facts.learned import PoolName, learn_cluster
from llmstack.facts.release import Release
from llmstack.finding import Finding, Severity, has_errors
from llmstack.kubernetes.pods import maps, pod_specs, value_at
from llmstack.model.reading import read_stack
from llmstack.model.stack import Stack
from llmstack.objects.components import build_all
from llmstack.observed.documents import Source
from llmstack.observed.observation import Observation, observe
from llmstack.observed.things import Node, ResourceSlice
from llmstack.repository.cluster_facts import read_cluster_facts
from llmstack.repository.environments import list_environments, read_base, read_values
from llmstack.repository.snapshot import Snapshot


def open_sources(files: Sequence[str]) -> Iterator[Source]:
    """Yield files by their paths, `-` for stdin, each opened when it is asked for. Raises OSError."""
    for file in files:
        if file == "-":
            yield Source("<stdin>", _as_text(sys.stdin.buffer).read)
        else:
            with open(file, "rb") as opened:
                yield Source(file, _as_text(opened).read)


def _as_text(stream: BinaryIO) -> io.TextIOWrapper:
    """A stream as text, in the UTF-16 that PowerShell's `>` writes too; what is no text comes as U+FFFD."""
    buffered = io.BufferedReader(stream) if isinstance(stream, io.RawIOBase) else stream
    start = buffered.peek(2)[:2] if isinstance(buffered, io.BufferedReader) else b""
    wide = start in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    return io.TextIOWrapper(buffered, "utf-16" if wide else "utf-8", errors="replace")


def learn_from(
    snapshot: Snapshot, cluster: str, sources: Iterator[Source], at: date | None
) -> tuple[ClusterFacts | None, list[Finding]]:
    """The facts of a cluster, joined with those that the repository has, and findings on the input; None where the
    input is empty.

    Raises UsageError where no environment is in that cluster, and where neither the input nor `at` says a day;
    FoundError where the values of an environment have errors, and where nothing of the input can be read.
    """
    stacks = _members(snapshot, cluster)
    seen = observe(sources)
    findings = [*seen.findings, *_claims(seen)]
    if not seen.history:
        if findings:
            raise FoundError(findings)
        return None, []
    day = at or (seen.newest.date() if seen.newest is not None else None)
    if day is None:
        raise UsageError("the input says no moment, so that its day is not known: give it with --at")
    known, wrong = read_cluster_facts(snapshot, cluster)
    facts = join_facts(facts_of(seen, stacks, day), seen.kinds, known, models_of(stacks))
    return facts, [*findings, *_lenient(wrong), *_kept(known, seen, day)]


def models_of(stacks: Iterable[Stack]) -> frozenset[str]:
    """The names of the models that stacks serve."""
    return frozenset(model.name for stack in stacks for model in stack.models if model.name)


def _kept(known: ClusterFacts | None, seen: Observation, day: date) -> Iterator[Finding]:
    """What is to be said of facts that stay as they were."""
    if known is not None and known.date > day:
        yield _note(f"the input is of {day}, before the facts there are ({known.date}): it adds only what they lack")
    elif known is not None and known.nodes and not seen.now(Node):
        yield _note(f"the input has no nodes: those of {known.date} stay, and so does the date")
    else:
        yield from nodes_alone(seen)


def nodes_alone(seen: Observation) -> Iterator[Finding]:
    """What is to be said of nodes where no pods were seen."""
    if seen.now(Node) and "Pod" not in seen.kinds:
        message = "there are nodes and no pods in the input: what others hold is as facts/ know it, else not known"
        help = "ask for pods too, as the command does that `llmstack learn cluster` prints"
        yield Finding("kept-facts", Severity.NOTE, message, help=help)


def _note(message: str) -> Finding:
    return Finding("kept-facts", Severity.NOTE, message)


def _lenient(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Findings on a file that is about to be written anew, which need not keep anybody from it."""
    return (replace(each, severity=Severity.WARNING, help="it is written anew") for each in findings)


def _claims(seen: Observation) -> Iterator[Finding]:
    """What is to be said of claims of devices that the input leaves out."""
    if claims_unseen(seen) and seen.now(ResourceSlice):
        message = "pods claim devices (DRA), and no ResourceClaims of theirs are in the input: none are counted"
        help = "ask for resourceclaims too, as the command does that `llmstack learn cluster` prints"
        yield Finding("bad-observation", Severity.WARNING, message, help=help)


def facts_of(seen: Observation, stacks: Sequence[Stack], day: date) -> ClusterFacts:
    """The facts of an observation of the cluster that runs `stacks`."""
    pools = [each for stack in stacks for each in stack.gitops.capacity or ()]
    keys = {key for stack in stacks for key in asked_labels(stack)}
    keys |= {key for pool in pools for key in pool.node_selector or {}}
    return learn_cluster(
        seen,
        [Release(stack.gitops.namespace, stack.gitops.release) for stack in stacks],
        at=day,
        labels=keys,
        pools=[PoolName(pool.pool, dict(pool.node_selector or {})) for pool in pools],
    )


def stacks_of(snapshot: Snapshot, cluster: str) -> list[Stack]:
    """The stacks of the environments in a cluster, those with errors left out."""
    return _homes(snapshot)[0].get(cluster, [])


def _members(snapshot: Snapshot, cluster: str) -> list[Stack]:
    """The same. Raises UsageError where there are none, FoundError where the values of any environment have errors: its
    pods could not be told from those of other tenants."""
    homes, wrong = _homes(snapshot)
    if has_errors(wrong):
        raise FoundError(wrong)
    if cluster not in homes:
        known = f"they are in {', '.join(f'`{name}`' for name in sorted(homes))}" if homes else "there are none"
        raise UsageError(f"no environment is in a cluster `{cluster}`: {known}")
    return homes[cluster]


def _homes(snapshot: Snapshot) -> tuple[dict[str, list[Stack]], list[Finding]]:
    """The stacks of all environments by cluster, and the findings of those that have errors."""
    base, homes, wrong = read_base(snapshot), dict[str, list[Stack]](), list[Finding]()
    for environment in list_environments(snapshot):
        _, stack, findings = read_stack(read_values(snapshot, environment, base))
        if stack is None:
            wrong += findings
        else:
            homes.setdefault(stack.gitops.sync.cluster or environment.name, []).append(stack.named(environment.name))
    return homes, wrong


def asked_labels(stack: Stack) -> Iterator[str]:
    """Yield the keys of node labels that pods of a stack are sent by, or kept apart by."""
    for placed in build_all(stack):
        for _, pod in pod_specs(placed.object):
            yield from map(str, pod.get("nodeSelector") or {})
            affinity = value_at(pod, "affinity", "nodeAffinity")
            for term in _terms(affinity):
                yield from (str(each.get("key")) for each in maps(term.get("matchExpressions")))


def _terms(affinity: Any) -> Iterator[Any]:
    required = value_at(affinity, "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms")
    yield from maps(required)
    for preferred in maps(value_at(affinity, "preferredDuringSchedulingIgnoredDuringExecution")):
        yield value_at(preferred, "preference") or {}
