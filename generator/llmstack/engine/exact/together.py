"""Flags that vLLM refuses beside one another, or for a model.

Each refusal (`refusals/`) names a piece of the sentence with which vLLM itself refuses (`vllm/config/`,
`engine/arg_utils.py`, `entrypoints/`). Where that sentence stands in the sources of a release, the release has the
check; the table of releases is read from there (`tools/vllm_tables/sentences.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

from llmstack.engine import registry
from llmstack.engine.defaults import Minor
from llmstack.engine.exact.fault import Fault
from llmstack.engine.exact.line import Line
from llmstack.engine.exact.refusals import REFUSALS
from llmstack.engine.exact.refusals.refusal import Refusal
from llmstack.engine.exact.refusals.speculation import SPECULATIVE

TYPE_OF = {"Gemma3ForCausalLM": "gemma3_text"} | {
    f"{name}ForCausalLM": name.lower()
    for name in (
        *("Gemma", "Gemma2", "Phi3", "Olmo", "Olmo2", "Cohere", "StableLm", "InternLM2", "Glm", "Glm4", "Granite"),
        *("Mistral", "Mixtral"),
    )
}
"""`model_type` in the config.json of architectures that eagle3 may not draft for."""


def refused_together(line: Line) -> Iterator[Fault]:
    """Yield what each of the releases that may be right refuses of these flags and variables beside one another."""
    standing = _standing(line.catalogue.release.minor, line.among)
    for each in (each for name in (*line.given, *line.variables) for each in standing.get(name, ())):
        if each.holds(line):
            yield Fault(each.flag, f"vLLM {line.among[0]} refuses {each.message}", each.help)
    yield from _no_target_of_eagle(line)


@cache
def _standing(release: Minor, among: tuple[str, ...]) -> Mapping[str, tuple[Refusal, ...]]:
    """The refusals that all of these releases have, by the flag or variable that they are about."""
    known: dict[str, tuple[Refusal, ...]] = {}
    for each in REFUSALS:
        if each.since <= release <= each.until and all(registry.refuses(each.sentence, name) for name in among):
            known[each.flag] = (*known.get(each.flag, ()), each)
    return known


def _no_target_of_eagle(line: Line) -> Iterator[Fault]:
    """Yield a model that eagle3 does not draft for (`SpeculativeConfig._verify_args`, vllm/config/speculative.py)."""
    if SPECULATIVE not in line.given or line.object(SPECULATIVE).get("method") != "eagle3" or line.facts is None:
        return
    name = line.facts.architecture
    kind = TYPE_OF.get(name)
    targets = [registry.registered("eagle3", each) for each in line.among]
    if kind and all(each and not any(part in kind for part in each) for each in targets):
        yield Fault(SPECULATIVE, f"vLLM {line.among[0]} has no eagle3 for {name}", "another method, such as ngram")
