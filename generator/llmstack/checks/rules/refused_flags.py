"""vLLM refuses these flags: one by itself, or two beside each other.

The values are of the right type, and the start ends all the same: `--max-num-batched-tokens` under `--max-num-seqs`, or
under `--max-model-len` without chunked prefill; a share of a GPU over 1; `--max-cpu-loras` under `--max-loras`;
`--enable-auto-tool-choice` without a `--tool-call-parser`; a parser of tools or of reasoning that the release does not
have (where no plugin brings one); a `--speculative-config` of an unknown method, or of none; a key that the class
behind a JSON flag does not have, a number outside its bounds, a word that is none of its choices; `--enable-eplb`
without `--enable-expert-parallel`; a connector of keys and values that the release does not have, or that has no role;
a value in such JSON of another type than its field; two flags that say one thing; `mtp` for a model that predicts
nothing further, `eagle3` without its draft; `VLLM_USE_V1=1` in 0.8 to 0.10 beside what the V1 engine does not have
there, or on a card under compute capability 8.0; a port that is none; an OffloadingConnector without its
size, a key that this loader of weights does not have, stages in VLLM_PP_LAYER_PARTITION that are not the model's
layers, `--cpu-offload-gb` for a model of which some layers have a window; a package that vLLM's own image lacks (Ray
from 0.18 on, OpenTelemetry from 0.10 to 0.16, Arctic Inference). Where a check came with a release, or went, it is told
by the sentence of vLLM's own error in that release's sources.

Fix: what the finding says.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.checks.engines import Asked, alike_with_length, problems_alike
from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.subject import Subject
from llmstack.engine.exact.fault import Fault
from llmstack.engine.exact.flags import AGAINST_LENGTH, refused
from llmstack.engine.exact.line import Line
from llmstack.finding import Severity
from llmstack.objects.parallel import runs_own_command

RULE = Declaration("refused-flags", Severity.ERROR, whole=True)


def run(subject: Subject) -> Iterator[Problem]:
    yield from problems_alike(alike_with_length(subject, AGAINST_LENGTH), faults_of)


def faults_of(asked: Asked) -> Iterator[Fault]:
    """Yield what vLLM refuses in the command line of an engine."""
    question = asked.question
    if asked.releases and (question.flags or question.variables):
        # what a command of one's own installs first is not known
        repository = "" if runs_own_command(asked.model) else asked.model.repository or ""
        line = Line(
            asked.model.model_url or "",
            question.facts,
            question.flags,
            question.variables,
            question.settings,
            question.match.catalogue,
            asked.releases,
            repository,
            question.card,
        )
        yield from refused(line)
