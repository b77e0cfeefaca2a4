"""The vLLM release does not know the attention backend, or it does not serve this model on this card.

Backends come and go: XFORMERS was dropped after 0.11. From 0.11 on a name that the release does not know ends the
start.
`--attention-backend`, `--mm-encoder-attn-backend` and, as long as a release reads it, VLLM_ATTENTION_BACKEND are held
against the release's list.
From 0.12 on a backend is also asked: for latent attention (DeepSeek) or plain, on which compute capabilities, for heads
of which size, which types of keys and values and of numbers it reads, which sizes of blocks it has; and FLASH_ATTN
reads an fp8 KV cache from Hopper on, and has the attention sinks of gpt-oss there.

Fix: one of those that the finding lists, or none, which lets vLLM choose.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.checks.engines import Asked, alike_engines, route_of
from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.subject import Subject
from llmstack.engine.exact.backends import unfit_backend, unknown_backend
from llmstack.engine.exact.configs import read_object
from llmstack.engine.exact.fault import Fault
from llmstack.finding import Route, Severity
from llmstack.flags import split_flags

RULE = Declaration("unknown-backend", Severity.ERROR, needs_objects=True, whole=True)
VARIABLE = "VLLM_ATTENTION_BACKEND"
WITHIN = "--attention-config"
"""The flag whose JSON names a backend as well."""
ENCODER = "--mm-encoder-attn-backend"
"""The flag for an encoder's backend, of the same names (`_validate_mm_encoder_attn_backend`, vllm/config/)."""


def run(subject: Subject) -> Iterator[Problem]:
    for group in alike_engines(subject):
        if group[0].releases and (ENCODER in group[0].question.flags or any(_named(group[0]))):
            for asked in group:
                yield from _judge(asked)


def _judge(asked: Asked) -> Iterator[Problem]:
    """Yield what is wrong with each backend that an engine names."""
    release = asked.question.match.catalogue.release.minor
    for name, route in _named(asked):
        for fault in (*unknown_backend(name, asked.releases, release), *_unfit(name, asked)):
            yield Problem(fault.message, route, help=fault.help)
    for fault in unknown_backend(asked.question.flags.get(ENCODER) or "AUTO", asked.releases, release):
        yield Problem(fault.message, route_of(asked, ENCODER), help=fault.help)


def _unfit(name: str, asked: Asked) -> Iterator[Fault]:
    question = asked.question
    if question.facts is not None:
        release = question.match.catalogue.release.minor
        yield from unfit_backend(name, question.facts, question.settings, question.card, asked.releases, release)


def _named(asked: Asked) -> Iterator[tuple[str, Route]]:
    """Yield each backend that is named, with its place; a variable only where the release reads it."""
    model, catalogue = asked.model, asked.question.match.catalogue
    arguments = [str(each) for each in (*(model.vllm_config.extra_args or ()), *(model.extra_args or ()))]
    given = split_flags(arguments, catalogue) if any(each.startswith("--att") for each in arguments) else []
    values = [flag.value for flag in given if flag.name == "--attention-backend" and flag.value]
    if values:
        yield values[-1], route_of(asked, "backend")
    inside = (read_object(asked.question.flags.get(WITHIN) or "") or {}).get("backend")
    if isinstance(inside, str) and inside:
        yield inside, route_of(asked, WITHIN)
    if VARIABLE in catalogue.environment:
        for number, entry in enumerate(model.env or ()):
            if entry.get("name") == VARIABLE and isinstance(entry.get("value"), str) and entry["value"]:
                yield entry["value"], (*asked.route, "env", number, "value")
