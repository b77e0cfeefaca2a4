"""The review of two streams of objects that llmstack did not generate: environment `stream`, cluster `env:stream`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from msgspec.structs import replace

from llmstack.checks import settle
from llmstack.checks.containers import check_engines
from llmstack.checks.rule import finding_of
from llmstack.checks.rules import unknown_card
from llmstack.finding import Finding, Place, Severity, sort_findings
from llmstack.fit.card import Pools
from llmstack.fit.changes import asked_of, compare_engines
from llmstack.fit.containers import Engine, find_engines, model_named, names_loaded
from llmstack.fit.question import Known
from llmstack.kubernetes.pods import Object, identity_of, told
from llmstack.kubernetes.scopes import stands_outside
from llmstack.kubernetes.stream import MOST_FINDINGS, Item, bounded
from llmstack.repository.acknowledged import acknowledgement_findings
from llmstack.repository.live import as_written
from llmstack.repository.model_facts import read_facts_of
from llmstack.repository.places import place_in
from llmstack.repository.snapshot import Snapshot
from llmstack.repository.stream_terms import Terms
from llmstack.repository.streams import Objects
from llmstack.review.applied import find_beyond
from llmstack.review.assess import assess
from llmstack.review.change import ObjectChange
from llmstack.review.cluster import review_cluster
from llmstack.review.compare import compare, with_unread
from llmstack.review.foreign import runs_foreign_pods
from llmstack.review.result import Review
from llmstack.review.surroundings import Surroundings
from llmstack.sync.manifests import Identity, identify

STREAM = "stream"
CLUSTER = f"env:{STREAM}"

Side = dict[Identity, Item]


def review_streams(
    before: Objects, after: Objects, terms: Terms, *, today: date, beside: Snapshot | None = None
) -> Review:
    """Review what changes from one stream to the other, under what the file of `--gitops` says.

    `beside` is the repository whose facts/models/ are read, where there is one.
    """
    old, new = as_written(_named(before.items, terms.namespace), _named(after.items, terms.namespace))
    sides = _objects(old), _objects(new)
    unread_of = [{key: item.unread for key, item in side.items() if item.unread} for side in (old, new)]
    changes = with_unread(compare({STREAM: sides[0]}, {STREAM: sides[1]}), {STREAM: sides[1]}, unread_of)
    known, unread = _facts(beside, [*sides[0], *sides[1]])
    engines = [_engines(side, terms, known) for side in sides]
    facts = terms.facts(), replace(terms.facts(), moved_from=_renamed(*engines))
    changed = compare_engines(*({each.key: asked_of(each.name, each.subject, each.question)
                                 for each in side} for side in engines))  # fmt: skip
    near = Surroundings(environment=STREAM, has_values=False, beyond=find_beyond(changes, *sides))
    review = assess(changes, sides[0], sides[1], *facts, today, changed, near)
    found = [
        *before.findings,
        *after.findings,
        *terms.findings,
        *unread,
        *_unjudged(changes, new, {risk.object for risk in review.risks if risk.id == "not-judged"}),
        *_unused(terms, sides),
        *(finding_of(unknown_card.RULE, problem) for problem in unknown_card.of_pools(terms.gitops.capacity or ())),
    ]
    found += _of_engines(engines[1], new, terms.levels)
    found += acknowledgement_findings(review, facts[0], facts[1], terms.layers, today)
    settled = sort_findings(settle(found, terms.layers, terms.levels))
    there = {told(identity_of(item.object)): item for side in (old, new) for item in side.values()}
    risks = tuple(replace(risk, place=place_in(there, risk)) for risk in review.risks)
    reviews = {STREAM: replace(review, risks=risks, findings=(*review.findings, *bounded(settled, after.name)))}
    return Review(
        before.name, after.name, reviews, {CLUSTER: review_cluster(CLUSTER, [STREAM], [STREAM], reviews, (), ())}
    )


def _named(items: Sequence[Item], namespace: str | None) -> dict[Identity, Item]:
    """The objects by identity, those that say no namespace in the one that is stated."""
    found = {}
    for item in items:
        object = item.object
        if namespace and not object["metadata"].get("namespace") and not stands_outside(object):
            object = {**object, "metadata": {**object["metadata"], "namespace": namespace}}
            item = replace(item, object=object)
        found[identify(object)] = item
    return found


def _objects(side: Side) -> list[dict[str, Any]]:
    return [dict(item.object) for item in side.values()]


def _facts(beside: Snapshot | None, objects: Sequence[Object]) -> tuple[Known, list[Finding]]:
    return read_facts_of(beside, names_loaded(objects)) if beside is not None else ({}, [])


def _engines(objects: Sequence[Object], terms: Terms, known: Known) -> list[Engine]:
    pools = Pools.declaring(terms.gitops.capacity or ())
    return list(find_engines(objects, pools, terms.gitops.vllm_versions or {}, known))


def _renamed(before: Sequence[Engine], after: Sequence[Engine]) -> dict[str, str]:
    """The former name of an engine that is new, by its name, where one alone goes that loads the same model."""
    old, new = ({each.name: model_named(each.served) for each in side} for side in (before, after))
    gone = {name: model for name, model in old.items() if name not in new and model}
    found = {}
    for name, model in new.items():
        former = [each for each, loads in gone.items() if loads == model]
        rivals = [each for each, loads in new.items() if each not in old and loads == model]
        if name not in old and len(former) == len(rivals) == 1:
            found[name] = former[0]
    return found


def _of_engines(engines: Sequence[Engine], side: Side, levels: Mapping[str, str]) -> Iterator[Finding]:
    """What the rules have against the engines after the change, each at its line in the stream.

    Lines are looked up for no more than are told.
    """
    items = {identity_of(item.object): item for item in side.values()}
    found = [each for each in check_engines(engines) if levels.get(each.finding.id) != "off"]
    for located in found[:MOST_FINDINGS]:
        key = located.engine.key
        yield located.finding.at(items[key.kind, key.namespace, key.name].place(located.route))
    if len(found) > MOST_FINDINGS:
        message = f"{len(found) - MOST_FINDINGS} more findings on engines are not told"
        last = next(reversed(side.values()))
        yield Finding("too-many-findings", Severity.WARNING, message, place=Place(last.document.path))


def _unjudged(changes: Sequence[ObjectChange], side: Side, told: Collection[str]) -> Iterator[Finding]:
    """Objects whose pods a controller makes that is not known here, and of which no risk says so (`told`)."""
    changed = {(change.kind, change.namespace, change.name) for change in changes}
    for item in side.values():
        object = item.object
        if not runs_foreign_pods(object):
            continue
        name = f"{object['kind']}/{object['metadata']['name']}"
        if name in told:
            continue
        what = "whether they restart, how many there are and" if identity_of(object) in changed else "and"
        what = what if what != "and" else "how many there are, and"
        message = f"{name}: its own controller makes its pods: {what} which GPUs they take cannot be judged"
        help = "render what the controller makes of it, and review that; its containers are read for flags"
        yield Finding("cannot-judge", Severity.WARNING, message, place=item.place(), help=help)


def _unused(terms: Terms, sides: Sequence[Sequence[Object]]) -> Iterator[Finding]:
    names = [str(object["metadata"]["name"]) for side in sides for object in side]
    for name in terms.unused(names):
        message = f"no object is called `{name}`: what the file says of it does nothing"
        place = terms.layers.place(("gitops", "loadTimes", name))
        yield Finding("unknown-workload", Severity.WARNING, message, place=place)
