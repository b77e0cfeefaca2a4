"""What people type most: below `--help` of each command, and on its page. A law holds that each can be typed so."""

from __future__ import annotations

from collections.abc import Mapping

EXAMPLES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "init": (
        ("llmstack init my-models --sync flux", "an example that Flux is to follow"),
        ("llmstack init my-models --from values.yaml", "out of the values of a Helm release"),
    ),
    "migrate": (
        ("llmstack migrate values.yaml", "show what would change"),
        ("llmstack migrate values/prod.yaml --write", "change it"),
    ),
    "adopt": (
        ("helm get manifest vllm | llmstack adopt prod --manifest -", "show what would be held"),
        ("llmstack adopt prod --manifest release.yaml --write", "hold it"),
    ),
    "gen": (
        ("llmstack gen", "write what the values say"),
        ("llmstack gen --check", "fail on stale files, as CI does"),
    ),
    "lint": (
        ("llmstack lint prod", "the findings on one environment"),
        ("llmstack lint --format sarif", "for code scanning"),
    ),
    "validate": (
        ("llmstack validate", "everything"),
        ("llmstack validate --since main", "what differs from main"),
    ),
    "diff": (
        ("llmstack diff", "what this branch does"),
        ("llmstack diff HEAD~1 HEAD --env prod", "the last commit, for prod"),
        ("llmstack diff --format html > review.html", "as one page"),
        ("llmstack diff --fail-on error main", "fail on errors, as CI does"),
        ("llmstack diff --before old.yaml --after new.yaml", "any objects"),
    ),
    "affected": (("llmstack affected main", "the units that differ from main"),),
    "render": (
        ("llmstack render prod", "all objects, as `helm template` prints them"),
        ("llmstack render prod | kubectl diff --server-side -f -", "beside what runs"),
    ),
    "status": (("llmstack status", "models, images and GPUs of all environments"),),
    "fit": (
        ("llmstack fit prod llama", "whether it starts, with how much KV cache"),
        ("llmstack fit prod llama --max-model-len 131072", "with longer requests"),
        ("llmstack fit prod llama --gpu H200", "on another card"),
    ),
    "verify": (("llmstack verify HEAD~1 --observed recording.json", "how the last commit went"),),
    "explain": (
        ("llmstack explain maxModelLen", "a key"),
        ("llmstack explain gpu-deadlock", "a check or a risk"),
        ("llmstack explain --max-num-seqs", "a flag of vLLM"),
        ("llmstack explain upgrade 0.11.2 0.15.1", "what changes between two releases"),
    ),
    "schema": (("llmstack schema > docs/values.schema.json", "for editors"),),
    "mcp": (("llmstack -C my-models mcp", "for an agent's client to start"),),
    "help": (("llmstack help diff", "the same as `llmstack diff -h`"),),
}
"""By command: what is typed, and what that is for."""


def example_lines(name: str) -> list[str]:
    """The examples of a command as lines, what they are for in a column of its own; none for a group of commands."""
    examples = EXAMPLES.get(name, ())
    width = max((len(typed) for typed, _ in examples), default=0)
    return [f"{typed:{width}}  # {purpose}" for typed, purpose in examples]


def epilog(name: str) -> str | None:
    r"""The examples as the end of a command's help; click leaves the lines after `\b` as they are."""
    lines = example_lines(name)
    return "\n".join(["\b", "Examples:", *(f"  {line}" for line in lines)]) if lines else None
