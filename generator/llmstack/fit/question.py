"""What is asked of one model of the values: its facts, card, release and settings, or what of them is not known."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Iterator, Mapping
from functools import lru_cache
from operator import attrgetter

from msgspec import Struct, field
from msgspec.structs import replace

from llmstack.engine.cards import Card
from llmstack.engine.catalogue import catalogued
from llmstack.engine.facts import ModelFacts
from llmstack.engine.facts_file import file_name
from llmstack.engine.settings import Flags, Settings, read_flags, read_settings
from llmstack.engine.support import Engine
from llmstack.fit.card import Pools, asks_for_gpus, pool_and_card
from llmstack.flags import Catalogue, catalogue_for
from llmstack.flags.length import ANY_LENGTH, FLAG, length_index, of_any_length
from llmstack.flags.match import Match
from llmstack.flags.release import find_release
from llmstack.model.models import Model
from llmstack.model.stack import Stack
from llmstack.objects import arguments
from llmstack.objects.parallel import model_sizes, pods_of, runs_own_command, says_elsewhere

HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+\Z")

Known = Mapping[str, ModelFacts]
"""Facts by the path of their file below facts/: `models/meta-llama--Llama-3.1-8B-Instruct.yaml`."""


class Question(Struct, frozen=True):
    """The engine of a model, or of several alike. What is None is not known, and `missing` says why, a clause each."""

    facts: ModelFacts | None
    card: Card | None
    match: Match
    settings: Settings
    arguments: tuple[str, ...] = ()
    """The model, the options and the extra arguments that the values give it."""
    flags: Flags = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    pool: str | None = None
    version: str | None = None
    """vLLM's release as the image's tag or the values name it; None where neither does."""
    variables: Flags = field(default_factory=dict)
    """The environment variables that people give it, with their values; None for one from elsewhere."""
    elsewhere: bool = False
    """Whether its model and sizes may stand where nobody reads them (`says_elsewhere`)."""

    @property
    def engine(self) -> Engine | None:
        """The engine, where all of it is known."""
        if self.facts is None or self.card is None or self.missing:
            return None
        return Engine(self.facts, self.card, self.match.catalogue.release.minor, self.settings)


def ask(stack: Stack, model: Model, known: Known, pools: Pools | None = None) -> Question:
    """What is asked of a model's engine; `pools` are those of the stack, where they are at hand."""
    given = arguments.stated(model)
    return _of_length(given, _ask_alike(stack, model, known, pools or Pools.of(stack), of_any_length(given)))


def ask_all(stack: Stack, models: Iterable[Model], known: Known, pools: Pools) -> Iterator[Question]:
    """Yield what is asked of each of the models: one and the same question for all of which it cannot differ, and what
    does not depend on the longest request once for all that differ in nothing else."""
    asked: dict[Hashable, Question] = {}
    for model in models:
        given, others = arguments.stated(model), _particulars(model)
        if (given, others) not in asked:
            alike = of_any_length(given)
            if (alike, others) not in asked:
                asked[alike, others] = _ask_alike(stack, model, known, pools, alike)
            asked[given, others] = _of_length(given, asked[alike, others])
        yield asked[given, others]


def _of_length(given: tuple[str, ...], alike: Question) -> Question:
    """The question of these arguments, where one is asked that differs in their length alone."""
    settings, flags = _with_length(given, alike.settings, alike.flags)
    return replace(alike, arguments=given, settings=settings, flags=flags)


def _ask_alike(stack: Stack, model: Model, known: Known, pools: Pools, given: tuple[str, ...]) -> Question:
    """What is asked of the engine of a model with these arguments."""
    match = catalogue_for(model.repository or "", model.tag or "", model.gitops.vllm_version)
    pool, card = pool_and_card(stack, pools, model)
    facts = facts_of_model(model, known)
    environment = variables(stack, model)
    settings, flags = _read(given, match.catalogue, tuple(environment))
    settings = _over_pods(model, settings) if model.uses_ray or model.uses_lws else settings
    missing = tuple(_missing(model, facts, card, match))
    version = None if match.sureness == "guess" else version_of(model)
    named = pool.pool if pool else None
    elsewhere = says_elsewhere(model)
    return Question(facts, card, match, settings, given, flags, missing, named, version, environment, elsewhere)


_DECIDING = attrgetter(
    *("repository", "tag", "gitops.vllm_version", "gitops.facts", "gitops.pool", "model_url", "command", "env"),
    *("resources", "gpu_count", "request_gpu_type", "request_gpu_mem", "request_gpu_mem_percentage"),
    *("node_selector", "affinity", "node_selector_terms", "node_name"),
)


def _particulars(model: Model) -> Hashable:
    """What `ask` reads of a model beside its arguments; tests/engine/test_asked_once.py holds it to every key."""
    pods = (model_sizes(model).pipeline, pods_of(model)) if model.uses_ray or model.uses_lws else None
    return bool(model.name), pods, repr(_DECIDING(model))


def read_given(given: tuple[str, ...], catalogue: Catalogue, variables: tuple[str, ...]) -> tuple[Settings, Flags]:
    """The settings and flags of arguments; those that differ in their length alone are read once for all of them."""
    return _with_length(given, *_read(of_any_length(given), catalogue, variables))


def _with_length(given: tuple[str, ...], settings: Settings, flags: Flags) -> tuple[Settings, Flags]:
    """The settings and flags of arguments, where those of any length are read."""
    at = length_index(given)
    if at is None:
        return settings, flags
    # of two lengths the later one counts
    settings = replace(settings, length=int(given[at])) if settings.length == ANY_LENGTH else settings
    return settings, {**flags, FLAG: given[at]} if flags.get(FLAG) == str(ANY_LENGTH) else flags


@lru_cache(maxsize=1 << 12)
def _read(given: tuple[str, ...], catalogue: Catalogue, variables: tuple[str, ...]) -> tuple[Settings, Flags]:
    return read_settings(given, catalogue, variables), read_flags(given, catalogue)


def _over_pods(model: Model, settings: Settings) -> Settings:
    """The settings of an engine over several pods: a LeaderWorkerSet has a stage in each where nobody says how many."""
    stages = model_sizes(model).pipeline or settings.pipeline
    return replace(settings, pipeline=stages, pods=pods_of(model))


def version_of(model: Model) -> str | None:
    """The release in `gitops.vllmVersion`, else in the image's tag."""
    return release_in(model.gitops.vllm_version or (model.tag or "").partition("@")[0])


@lru_cache(maxsize=1 << 10)
def release_in(text: str) -> str | None:
    """vLLM's release that a text names, as precisely as it does."""
    release = find_release(text)
    if release is None:
        return None
    return ".".join(str(number) for number in release.numbers[: 3 if release.patch_known else 2])


def facts_of_model(model: Model, known: Known) -> ModelFacts | None:
    """The facts of a model: of the file that it names, else of facts/models/, else of the shipped catalogue."""
    if model.gitops.facts:
        return known.get(model.gitops.facts.removeprefix("facts/"))
    return facts_of_name(hub_name(model), known)


def facts_of_name(name: str | None, known: Known) -> ModelFacts | None:
    """The facts of a model by its name on the hub: of facts/models/, else of the shipped catalogue."""
    return (known.get(f"models/{file_name(name)}") or catalogued(name)) if name is not None else None


def hub_name(model: Model) -> str | None:
    """The name on the hub that a model is loaded by; None for a path, or an address of something else."""
    return _hub_name(model.model_url or "")


@lru_cache(maxsize=1 << 12)
def _hub_name(url: str) -> str | None:
    return url if HUB_NAME.match(url) else None


def _no_facts(model: Model) -> str:
    if not model.model_url:
        return "it names no model (`modelURL`)"
    name = hub_name(model)
    return no_facts_of(name) if name else f"`{model.model_url}` is no name on a hub, and leads to no facts"


def no_facts_of(name: str) -> str:
    """That nobody has learned a model of a hub, and the line that does."""
    return f"there are no facts of {name} (`llmstack learn model {name}`)"


def _missing(model: Model, facts: ModelFacts | None, card: Card | None, match: Match) -> Iterator[str]:
    if facts is None:
        yield _no_facts(model)
    if card is None:
        yield "nothing says which GPU it runs on"
    if runs_own_command(model):
        yield "it has a command of its own"
    if not asks_for_gpus(model):
        yield "it asks for no GPU"
    if match.sureness == "guess":
        yield f"its vLLM release is not known: {match.reason}"
    if model.request_gpu_mem or model.request_gpu_mem_percentage:
        yield "a share of a GPU's memory is not measured"


def variables(stack: Stack, model: Model) -> dict[str, str | None]:
    """The environment variables that people give the engine, with their values; None for one from elsewhere."""
    found: dict[str, str | None] = {name: str(value) for name, value in (stack.engine.configs or {}).items()}
    for entry in (*(stack.engine.env or ()), *(model.env or ())):
        value = entry.get("value")
        found[str(entry.get("name"))] = value if isinstance(value, str) else None
    return found
