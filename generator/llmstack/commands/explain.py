"""`llmstack explain`: what a key or a flag does, what a check, a risk or a word means, what a vLLM release changes."""

from __future__ import annotations

import sys
from typing import Annotated

from typer import Argument

from llmstack.commands import completion

Key = Annotated[
    str | None,
    Argument(
        metavar="WORD",
        help="A key, any part of its path, a flag of vLLM, or the id of a check or a risk.",
        autocompletion=completion.topics,
    ),
]
Releases = Annotated[
    list[str] | None,
    Argument(metavar="FROM TO", help="After `upgrade`: two releases of vLLM, to print what the second changes."),
]


def explain(key: Key = None, releases: Releases = None) -> None:
    """Print what a key, a flag, a check, a risk or a word means.

    A key is found by any part of its path, a check or a risk by its id, `peak` as a word of docs/glossary.md,
    `--max-model-len` as a flag of vLLM. `explain upgrade 0.15.1 0.20.2` prints what changes between two releases of
    vLLM, `explain upgrade lmcache 0.3.9 0.5.6` between two of LMCache, `explain upgrade router 0.1.7 0.1.13` between
    two of the router. Without a word it lists what there is.
    """
    from llmstack.errors import UsageError
    from llmstack.report import explanation

    if key is None:
        sys.stdout.write(explanation.overview())
        return
    if releases and (text := explanation.explain_term(" ".join([key, *releases]))) is None:
        sys.stdout.write(between(key, releases))
        return
    text = text if releases else explanation.explain(key)
    if text is None:
        near = explanation.suggest(key)
        advice = f"did you mean `{near}`?" if near else "`llmstack explain` without a word lists what there is"
        raise UsageError(f"`{key}` is no key, check or risk, no flag of vLLM and no word of a review; {advice}")
    sys.stdout.write(text)


def between(key: str, releases: list[str]) -> str:
    """What changes between two releases; raises UsageError for anything but `upgrade` and two that are known."""
    from llmstack.errors import UsageError
    from llmstack.flags.catalogue import versions
    from llmstack.flags.match import catalogue_for
    from llmstack.report.upgrade import upgrade_text

    if key == "upgrade" and len(releases) == 3 and releases[0] in OTHERS:
        return OTHERS[releases[0]](releases[1:])
    if key != "upgrade" or len(releases) != 2:
        raise UsageError("more than one word is `explain upgrade [lmcache|router] FROM TO`, with two releases")
    matches = [catalogue_for("vllm/vllm-openai", release) for release in releases]
    for release, match in zip(releases, matches, strict=True):
        if match.sureness == "guess":
            raise UsageError(f"`{release}` is no known release of vLLM: {versions()[0]} to {versions()[-1]} are")
    return upgrade_text(matches[0], matches[1])


def between_lmcache(named: list[str]) -> str:
    """What changes between two releases of LMCache; raises UsageError for one that is not known."""
    from llmstack.engine.lmcache import known_release, releases
    from llmstack.errors import UsageError
    from llmstack.flags.release import find_release
    from llmstack.report.upgrade import lmcache_text

    found = []
    for name in named:
        numbers = find_release(name)
        release = known_release(numbers.numbers) if numbers else None
        if release is None:
            raise UsageError(f"`{name}` is no known release of LMCache: {', '.join(releases())} are")
        found.append(release)
    return lmcache_text(*found)


def between_routers(named: list[str]) -> str:
    """What changes between two releases of the router; raises UsageError for a tag that names none."""
    from llmstack.errors import UsageError
    from llmstack.flags.router import names_release
    from llmstack.report.upgrade import router_text

    for name in named:
        if not names_release(name):
            raise UsageError(f"`{name}` is no release of the router; one is `0.1.13`")
    return router_text(*named)


OTHERS = {"lmcache": between_lmcache, "router": between_routers}
"""What has releases beside vLLM."""
