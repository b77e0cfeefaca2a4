"""Which catalogue speaks for an image: from its tag, or from the version that the values state."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Literal

from msgspec import Struct

from llmstack.flags.catalogue import Catalogue, load_catalogue, newest, versions
from llmstack.flags.release import Release, find_release, read_release

Sureness = Literal["release", "line", "guess"]

FOREIGN = ("lmcache", "rhaiis", "llm-d")
"""Images that hold vLLM under version numbers of their own."""

WITH_PLUGINS = ("ascend", "gaudi", "hpu", "spyre", "neuron", "rbln", "omni")
"""vLLM's numbers, but a platform plugin that can add flags."""


class Match(Struct, frozen=True):
    """The catalogue to check against, and how far it can be trusted.

    `sureness` is `release` (a catalogue of the very release), `line` (of another patch of the same
    minor), or `guess` (the version is unknown or newer than every catalogue). `others` are versions of
    further catalogues that may be the right one: what one of them accepts is not held against anybody.
    """

    catalogue: Catalogue
    sureness: Sureness
    reason: str
    others: tuple[str, ...] = ()

    @property
    def exact(self) -> bool:
        """Whether the catalogue is of the very release that the image holds."""
        return self.sureness == "release"

    def other_catalogues(self) -> Iterator[Catalogue]:
        """The catalogues of `others`, each loaded when it is asked for."""
        return (load_catalogue(version) for version in self.others)


@lru_cache(maxsize=4096)
def catalogue_for(image_repository: str, image_tag: str, stated_version: str | None = None) -> Match:
    """The catalogue for an image; `stated_version` (`gitops.vllmVersion`) counts more than the tag.

    `latest`, digests, nightly builds and images with numbers of their own get the newest catalogue as a
    guess.
    """
    if stated_version:
        release = find_release(stated_version)
        return (
            match_release(release, f"vllmVersion is {stated_version}")
            if release
            else guess(f"vllmVersion is `{stated_version}`")
        )
    tag = image_tag.partition("@")[0]
    if not image_repository:
        return guess("no image is named")
    if not names_vllm(image_repository):
        return guess(f"`{image_repository}:{image_tag}` does not say which vLLM it holds")
    release = find_release(tag)
    if tag in ("", "latest") or tag.startswith("nightly"):
        return Match(newest(), "guess", f"the tag is `{tag or 'latest'}`")
    if release is None or release.numbers[0] > newest().release.numbers[0] + 1:
        return guess(f"the tag `{image_tag}` does not name a vLLM release")
    match = match_release(release, f"the tag is `{image_tag}`")
    if any(word in image_repository.lower() for word in WITH_PLUGINS) and match.sureness != "guess":
        return Match(match.catalogue, "guess", f"{match.reason}, and a platform plugin may add flags", match.others)
    return match


def names_vllm(repository: str) -> bool:
    """Whether a repository's tags are vLLM's own release numbers, as those of vllm/vllm-openai are."""
    name = repository.lower().partition("@")[0]
    return name.rpartition("/")[2].startswith("vllm") and not any(word in name for word in FOREIGN)


def match_release(release: Release, reason: str) -> Match:
    """The catalogue of the same minor; of the newest or oldest, as a guess, where there is none.

    There is one catalogue a minor, of its newest patch. An earlier patch may still accept what the minor
    before accepted (0.8.0 had `--speculative-model`, 0.8.3 had not), a later one what the minor after
    accepts.
    """
    known = versions()
    lines = [read_release(version) for version in known]
    same = next((i for i, line in enumerate(lines) if line.minor == release.minor), None)
    if same is None:
        if release.numbers > lines[-1].numbers:
            return Match(newest(), "guess", f"{reason}; the newest catalogue is of {known[-1]}")
        return Match(load_catalogue(known[0]), "guess", f"{reason}; the oldest catalogue is of {known[0]}", known[1:])
    catalogue = load_catalogue(known[same])
    if lines[same].numbers == release.numbers and release.patch_known and not release.before:
        return Match(catalogue, "release", reason)
    later = release.numbers > lines[same].numbers
    neighbour = known[same + 1 : same + 2] if later else known[max(same - 1, 0) : same]
    return Match(catalogue, "line", f"{reason}; the catalogue is of {known[same]}", neighbour)


def guess(reason: str) -> Match:
    """The newest catalogue, with every other as a possibility."""
    return Match(newest(), "guess", reason, versions()[:-1])
