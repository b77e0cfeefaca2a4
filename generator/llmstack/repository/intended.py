"""Which llmstack a repository is for: another one may write the same values differently, and writes nothing."""

from __future__ import annotations

from collections.abc import Iterable

from llmstack import __version__
from llmstack.errors import RefusedError
from llmstack.values.layers import Layers


def refuse_another(values: Iterable[Layers]) -> None:
    """Raise RefusedError where `gitops.llmstack` leaves this version out.

    It is read before the values are valid: a key that a later version brought says first which version that is. What
    is no range is for the checks to say.
    """
    for layers in values:
        gitops = layers.data.get("gitops")
        stated = gitops.get("llmstack") if isinstance(gitops, dict) else None
        if stated is None or _is_within(str(stated)):
            continue
        place = layers.place(("gitops", "llmstack"))
        raise RefusedError(
            [
                f"{place}: this repository is for llmstack {stated}, and this is {__version__}: nothing is written",
                "run one of those, or change `gitops.llmstack` and review what `gen` then changes",
            ]
        )


def _is_within(stated: str) -> bool:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet  # few values need it

    try:
        return SpecifierSet(stated).contains(__version__, prereleases=True)
    except InvalidSpecifier:
        return True
