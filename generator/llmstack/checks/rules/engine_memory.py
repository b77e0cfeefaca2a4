"""The engine cannot start: its GPU's memory does not hold one request of the longest length.

The KV cache gets what weights and the rest leave of `--gpu-memory-utilization`. Where even the most that can be left,
the upper edge of the band or what the weights alone leave, is less than one request of `--max-model-len` needs, vLLM
loads for minutes and then ends with an error. One that was measured to start (`llmstack learn log`) starts. `llmstack
fit` prints the terms, and what would start.

Fix: a shorter `--max-model-len`, more GPUs, or a larger card; `llmstack fit ENV MODEL` proposes which.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from operator import attrgetter

from msgspec.structs import fields, replace

from llmstack.checks.engines import Asked, alike_engines, route_of
from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.subject import Subject
from llmstack.engine.measured import Measured
from llmstack.engine.memory import longest_request
from llmstack.engine.settings import Settings
from llmstack.engine.support import Engine
from llmstack.finding import Severity
from llmstack.fit.answer import fewest, judge, least, longest, start_of

RULE = Declaration("engine-memory", Severity.ERROR, needs_objects=True, whole=True)

ROOM = ("length", "sequences", "tokens", "utilization")
"""Settings that more of never helps, or less of: engines that differ in them alone are judged by the hardest."""
_OTHERS = attrgetter(*(each.name for each in fields(Settings) if each.name not in ROOM))


def run(subject: Subject) -> Iterator[Problem]:
    families: dict[Hashable, list[Asked]] = {}
    for group in alike_engines(subject):
        engine = group[0].question.engine
        if engine is not None:
            families.setdefault(_family(engine), []).extend(group)
    for family in families.values():
        first = family[0].question.engine
        if first is None:
            continue
        ends = hardest(first, [asked.question.settings for asked in family])
        may_start = all(start_of(each).verdict != "does-not-start" for each in ends)
        for asked in family:
            known = subject.measured.get(asked.model.name or "", ())
            if known or not may_start:
                yield from _judge(subject, asked, known)


def _family(engine: Engine) -> Hashable:
    """What engines have in common that differ in ROOM alone; a default is apart from what is given."""
    settings = engine.settings
    length = longest_request(engine.facts, settings)
    defaults = (length is None, settings.sequences is None, settings.tokens is None, settings.utilization is None)
    return engine.facts, engine.card, engine.release, _OTHERS(settings), defaults


def hardest(first: Engine, family: Sequence[Settings]) -> tuple[Engine, ...]:
    """Engines that may start only if each of a family may: of its longest request and largest batch, and with the
    least of a GPU, and the most. `first` is one of the family, `family` the settings of all."""
    context = first.facts.context or 0
    most = replace(
        first.settings,
        length=max([settings.length or context for settings in family]) or first.settings.length,
        sequences=first.settings.sequences and max([settings.sequences or 0 for settings in family]),
        tokens=first.settings.tokens and max([settings.tokens or 0 for settings in family]),
    )
    shares = [settings.utilization for settings in family if settings.utilization is not None]
    ends = {min(shares), max(shares)} if shares else {None}
    return tuple([replace(first, settings=replace(most, utilization=share)) for share in ends])


def _judge(subject: Subject, asked: Asked, known: Sequence[Measured]) -> Iterator[Problem]:
    """Yield what becomes of an engine that may not start."""
    engine, start = asked.question.engine, judge(subject.stack, asked.model, asked.question, known)
    if engine is None or start.verdict != "does-not-start":
        return
    length, tensor = longest(engine), fewest(engine)
    ways = [f"--max-model-len {length}"] if length else []
    ways += [f"--tensor-parallel-size {tensor}"] if tensor else []
    needed = None if ways else least(engine)
    help = f"{' or '.join(ways)} would start" if ways else "`llmstack fit` shows the terms"
    help = f"with fewer GPUs than {needed} it does not start" if needed else help
    message = f"`{asked.model.name}` does not start: {start.why}"
    yield Problem(message, route_of(asked, "length"), help=help)
