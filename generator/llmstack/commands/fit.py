"""`llmstack fit`: whether engines start, with how much memory and KV cache, also under other settings."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Argument, Option

from llmstack.commands import completion, output
from llmstack.commands import options as opt
from llmstack.commands.exits import Exit
from llmstack.report.fit_formats import FIT_FORMATS

if TYPE_CHECKING:
    from llmstack.engine.cards import Card
    from llmstack.fit.answer import Change

FitEnv = Annotated[
    str | None,
    Argument(
        metavar="ENV",
        help="An environment, or its values file; else all of them.",
        autocompletion=completion.environments,
    ),
]
FitModel = Annotated[
    str | None,
    Argument(metavar="MODEL", help="One of its models; else all of them.", autocompletion=completion.models),
]
HowFitted = Annotated[str, opt.one_of(FIT_FORMATS, "How the answer is printed.")]
OtherLength = Annotated[str | None, Option("--max-model-len", metavar="N", help="Ask what another length would do.")]
OtherGpu = Annotated[
    str | None,
    Option("--gpu", metavar="CARD", help="Ask what another card would do.", autocompletion=completion.cards),
]
OtherTensor = Annotated[
    int | None, Option("--tensor-parallel-size", metavar="N", min=1, help="Ask what another number of GPUs would do.")
]


def fit(
    env: FitEnv = None,
    model: FitModel = None,
    format: HowFitted = "text",
    max_model_len: OtherLength = None,
    gpu: OtherGpu = None,
    tensor_parallel_size: OtherTensor = None,
) -> None:
    """Say whether engines start, with how much KV cache.

    In terms that add up, from facts of the model, its card, vLLM's release and the flags; "unknown" where no measured
    start bears an answer out. Exits with 1 when one does not start.
    """
    from llmstack.repository.fitted import answer_engines
    from llmstack.secrecy.told import mask_told

    change = read_change(max_model_len, gpu, tensor_parallel_size)
    names = [env] if env else []
    project = output.find_project(names)
    findings, answers = answer_engines(project.disk, project.select(names, outside=True), model, change)
    output.report_beside(findings)
    sys.stdout.write(FIT_FORMATS[format](mask_told(answers)))
    if any(answer.start.verdict == "does-not-start" for _, answer in answers):
        raise typer.Exit(Exit.ERRORS)


def read_change(length: str | None, gpu: str | None, tensor: int | None) -> Change:
    """What the options ask instead of the values; raises UsageError for what they cannot mean."""
    from llmstack.engine.settings import read_number
    from llmstack.errors import UsageError
    from llmstack.fit.answer import Change

    number = read_number(length) if length is not None else None
    if length is not None and not number:
        raise UsageError(f"--max-model-len {length} is no number of tokens: give one such as 32768 or 32k")
    return Change(number, read_card(gpu) if gpu is not None else None, tensor)


def read_card(name: str) -> Card:
    """The card of the table; raises UsageError, with those like it or else all names, for any other."""
    from llmstack.engine.cards import CARDS, card_named, cards_like
    from llmstack.errors import UsageError

    card = card_named(name)
    if card is None:
        near = " or ".join(f"`{each}`" for each in cards_like(name))
        meant = f"did you mean {near}?" if near else f"those known are {', '.join(CARDS)}"
        raise UsageError(f"`{name}` is no known card: {meant}")
    return card
