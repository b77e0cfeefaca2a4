"""The image does not say which vLLM it holds, so its arguments are checked against a guess.

Tags such as `latest`, digests, and images that count versions of their own (lmcache/vllm-openai) name no vLLM release.
Then arguments are checked against the newest catalogue, and what is found is a warning, not an error.

Fix: `modelSpec[].gitops.vllmVersion: 0.11.2`.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.serve_arguments import match_of
from llmstack.checks.subject import Subject
from llmstack.finding import Severity
from llmstack.objects import arguments

RULE = Declaration("unknown-vllm-version", Severity.NOTE)


def run(subject: Subject) -> Iterator[Problem]:
    for at, model in subject.models():
        match = match_of(model)
        if match.sureness == "guess" and model.repository and arguments.extra(model):
            message = f"{match.reason}: its arguments are checked against vLLM {match.catalogue.version}"
            help = "say it in `gitops: {vllmVersion: …}` of the model"
            yield Problem(message, (*at, "tag"), help=help)
