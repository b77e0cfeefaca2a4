"""What is wrong with engines that containers start: the rules on flags, variables, sizes and memory, without values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction

from msgspec import Struct

from llmstack.checks.rule import Rule
from llmstack.checks.rules import (
    abbreviated_flag,
    bad_flag_value,
    bad_negation,
    duplicate_flag,
    engine_memory,
    indivisible_size,
    length_over_model,
    mutable_tag,
    parallel_size_gpus,
    refused_flags,
    refused_variable,
    removed_flag,
    unknown_architecture,
    unknown_backend,
    unknown_flag,
    unknown_variable,
    unknown_vllm_version,
    unsupported_feature,
    unsupported_type,
)
from llmstack.checks.rules.mutable_tag import is_mutable
from llmstack.engine.exact.architecture import unregistered
from llmstack.engine.exact.architecture import unsupported_feature as lacks_feature
from llmstack.engine.exact.backends import unfit_backend
from llmstack.engine.exact.backends import unknown_backend as find_unknown_backend
from llmstack.engine.exact.fault import Fault
from llmstack.engine.exact.flags import refused
from llmstack.engine.exact.length import UNKNOWN, too_long
from llmstack.engine.exact.line import Line
from llmstack.engine.exact.sizes import context_parallel, indivisible
from llmstack.engine.exact.types import mismatched, unfit_card, unfit_type, without_code
from llmstack.engine.exact.variables import misread
from llmstack.finding import Finding, Route, Severity
from llmstack.fit.answer import fewest, longest, start_of
from llmstack.fit.containers import Engine, model_named
from llmstack.flags import find_abbreviated, lint_arguments, lint_environment, parallel_sizes, split_flags
from llmstack.kubernetes.images import image_parts

OF_PROBLEM: Mapping[str, Rule] = {
    "unknown-flag": unknown_flag,
    "unexpected-argument": unknown_flag,
    "removed-flag": removed_flag,
    "bad-flag-value": bad_flag_value,
    "missing-value": bad_flag_value,
    "bad-negation": bad_negation,
    "abbreviated-flag": abbreviated_flag,
    "flag-given-twice": duplicate_flag,
    "unknown-env": unknown_variable,
    "removed-env": unknown_variable,
}
"""The rule that speaks of each kind of problem that reading an argument list, or names of variables, finds."""

_FLAGS: Mapping[str, str] = {
    "tensor": "--tensor-parallel-size",
    "length": "--max-model-len",
    "quantization": "--quantization",
    "dtype": "--dtype",
    "backend": "--attention-backend",
}
"""The flag that a fault is about."""


class Located(Struct, frozen=True):
    """A finding without its place, and where in the engine's object it is."""

    finding: Finding
    engine: Engine
    route: Route


def check_engines(engines: Iterable[Engine]) -> Iterator[Located]:
    """Yield what is wrong with each engine, in their order."""
    for engine in engines:
        for finding, route in _check(engine):
            yield Located(finding, engine, route)


def _check(engine: Engine) -> Iterator[tuple[Finding, Route]]:
    yield from _image(engine)
    if engine.served.arguments:
        yield from _arguments(engine)
        yield from _sizes(engine)
        yield from _faults(engine)
        yield from _memory(engine)
    yield from _variables(engine)


def _finding(
    engine: Engine, rule: Rule, message: str, help: str | None = None, severity: Severity | None = None
) -> Finding:
    return Finding(rule.RULE.id, severity or rule.RULE.severity, f"{engine.subject}: {message}", help=help)


def _image(engine: Engine) -> Iterator[tuple[Finding, Route]]:
    """A tag that moves, or one that says nothing of the release that its arguments are held against."""
    served, match = engine.served, engine.question.match
    tag, at = image_parts(served.image)[1], (*served.route, "image")
    if served.image and (is_mutable(tag) or not tag):
        message = f"`{served.image}` can move: the manifest does not say what runs"
        yield _finding(engine, mutable_tag, message, "pin a version or a digest"), at
    if match.sureness == "guess" and served.arguments:
        message = f"{match.reason}: its arguments are checked against vLLM {match.catalogue.version}"
        help = f"say it in the file of --gitops: `gitops: {{vllmVersions: {{{engine.key.name}: …}}}}`"
        yield _finding(engine, unknown_vllm_version, message, help), at


def _arguments(engine: Engine) -> Iterator[tuple[Finding, Route]]:
    served, match = engine.served, engine.question.match
    given = served.arguments
    against = "" if match.exact else f"checked against vLLM {match.catalogue.version}, because {match.reason}"
    short = find_abbreviated(given, match.catalogue, match.other_catalogues())
    for problem in (*lint_arguments(given, match), *short):
        help = "; ".join(part for part in (problem.help, against) if part) or None
        at = served.at[problem.index] if problem.index < len(served.at) else served.route
        yield _finding(engine, OF_PROBLEM[problem.kind], problem.message, help, problem.severity), at


def _variables(engine: Engine) -> Iterator[tuple[Finding, Route]]:
    names = list(engine.question.variables)
    for problem in lint_environment(names, engine.question.match):
        route = (*engine.served.route, "env", problem.index)
        yield _finding(engine, OF_PROBLEM[problem.kind], problem.message, problem.help, problem.severity), route


def _sizes(engine: Engine) -> Iterator[tuple[Finding, Route]]:
    """Workers that the pod has not the GPUs for, where the pod is the whole engine and takes whole GPUs."""
    served, question = engine.served, engine.question
    if not engine.is_whole or not engine.gpus or served.unread or "--config" in question.settings.unread:
        return
    sizes = parallel_sizes(served.arguments, question.match.catalogue)
    data = sizes.data if sizes.data_local is None else sizes.data_local
    parts = (sizes.tensor, sizes.pipeline, sizes.prefill_context, data)
    if None in parts or sizes.nodes != 1:
        return
    workers = int(Fraction(1) * _product(parts))
    if workers > engine.gpus:
        message = f"its parallel sizes need {workers} GPUs; the pod has {engine.gpus}"
        help = f"request {workers}, or make the sizes smaller"
        yield _finding(engine, parallel_size_gpus, message, help), _flag(engine, "--tensor-parallel-size")
    elif workers < engine.gpus:
        message = f"its parallel sizes use {workers} of the {engine.gpus} GPUs of the pod"
        help = f"request {workers}, or make --tensor-parallel-size larger"
        milder = parallel_size_gpus.RULE.milder
        yield _finding(engine, parallel_size_gpus, message, help, milder), _flag(engine, "--tensor-parallel-size")


def _product(parts: Iterable[int | None]) -> int:
    product = 1
    for part in parts:
        product *= part or 1
    return product


def _faults(engine: Engine) -> Iterator[tuple[Finding, Route]]:
    """What vLLM refuses before it loads anything."""
    for rule, fault in (*_faults_of_model(engine), *_faults_of_flags(engine)):
        at = _flag(engine, _FLAGS.get(fault.about, ""))
        yield _finding(engine, rule, fault.message, fault.help), at


def _faults_of_model(engine: Engine) -> Iterator[tuple[Rule, Fault]]:
    """What the model's facts say against it."""
    question, release, among = engine.question, engine.question.match.catalogue.release.minor, _releases(engine)
    facts, settings, card = question.facts, question.settings, question.card
    if facts is None:
        return
    found: list[tuple[Rule, Iterator[Fault]]] = [
        (indivisible_size, indivisible(facts, settings, release)),
        (indivisible_size, context_parallel(facts, settings, question.flags)),
        (
            length_over_model,
            too_long(facts, settings, question.flags, question.variables, release if among else UNKNOWN),
        ),
    ]
    if among:
        repository = image_parts(engine.served.image)[0]
        found += [
            (unknown_architecture, unregistered(facts, settings, question.flags, among, repository)),
            (unsupported_feature, lacks_feature(facts, settings, question.flags, among)),
            (unsupported_type, unfit_type(facts, settings, release, among)),
            (unsupported_type, mismatched(facts, settings, among)),
        ]
    if among and card is not None:
        found.append((unsupported_type, unfit_card(facts, settings, card, among)))
    yield from ((rule, fault) for rule, faults in found for fault in faults)


def _faults_of_flags(engine: Engine) -> Iterator[tuple[Rule, Fault]]:
    """What its release, card and flags say, whatever the model is."""
    question, catalogue, among = engine.question, engine.question.match.catalogue, _releases(engine)
    release = catalogue.release.minor
    if not among:
        return
    repository, tag = image_parts(engine.served.image)
    uncompiled = without_code(question.card, release, repository, tag) if question.card is not None else ()
    yield from ((unsupported_type, fault) for fault in uncompiled)
    if question.flags or question.variables:
        line = Line(
            model_named(engine.served) or "",
            question.facts,
            question.flags,
            engine.question.variables,
            question.settings,
            catalogue,
            among,
            repository,
            question.card,
        )
        yield from ((refused_flags, fault) for fault in refused(line))
    yield from ((refused_variable, fault) for fault in misread(engine.question.variables, among, release))
    backend = question.flags.get("--attention-backend")
    if backend and "$(" not in backend:
        yield from ((unknown_backend, fault) for fault in find_unknown_backend(backend, among, release))
        if question.facts is not None:
            unfit = unfit_backend(backend, question.facts, question.settings, question.card, among, release)
            yield from ((unknown_backend, fault) for fault in unfit)


def _releases(engine: Engine) -> tuple[str, ...]:
    """The releases that may be the right one; none where that is a guess."""
    match = engine.question.match
    return (match.catalogue.version, *match.others) if match.sureness != "guess" else ()


def _memory(engine: Engine) -> Iterator[tuple[Finding, Route]]:
    asked = engine.question.engine
    if asked is None:
        return
    start = start_of(asked)
    if start.verdict == "does-not-start":
        length, tensor = longest(asked), fewest(asked)
        ways = [f"--max-model-len {length}"] if length else []
        ways += [f"--tensor-parallel-size {tensor}"] if tensor else []
        help = f"{' or '.join(ways)} would start" if ways else "choose a larger card, or more of them"
        yield _finding(engine, engine_memory, f"it does not start: {start.why}", help), _flag(engine, "--max-model-len")


def _flag(engine: Engine, name: str) -> Route:
    """Where a flag of the engine stands; its model where it has no such flag."""
    served = engine.served
    found = [flag.index for flag in split_flags(served.arguments, engine.question.match.catalogue) if flag.name == name]
    return served.at[found[-1] if found else 0] if served.at else served.route
