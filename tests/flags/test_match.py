"""Which catalogue speaks for an image."""

from __future__ import annotations

import pytest

from llmstack.flags import catalogue_for, newest, versions
from llmstack.flags.release import read_release

IMAGES = [
    ("vllm/vllm-openai", "v0.11.2", "0.11.2", "release"),
    ("vllm/vllm-openai", "v0.8.5", "0.8.5.post1", "release"),
    ("docker.io/vllm/vllm-openai", "v0.11.2-cu128", "0.11.2", "release"),
    ("registry.example:5000/vllm/vllm-openai", "v0.11.2@sha256:abc", "0.11.2", "release"),
    ("public.ecr.aws/q9t5s3a7/vllm-cpu-release-repo", "v0.9.2", "0.9.2", "release"),
    ("rocm/vllm", "rocm6.4.1_vllm_0.9.2_20250702", "0.9.2", "release"),
    ("vllm/vllm-openai", "v0.11.0", "0.11.2", "line"),
    ("vllm/vllm-openai", "v0.12.0rc1", "0.12.0", "line"),
    ("vllm/vllm-openai", "0.11", "0.11.2", "line"),
    ("vllm/vllm-openai", "v0.10.1.1", "0.10.2", "line"),
    ("vllm/vllm-openai", "v0.6.1", "0.6.6.post1", "line"),
    ("vllm/vllm-openai", "latest", newest().version, "guess"),
    ("vllm/vllm-openai", "nightly-0123abc", newest().version, "guess"),
    ("vllm/vllm-openai", "", newest().version, "guess"),
    ("vllm/vllm-openai", "v99.0.0", newest().version, "guess"),
    ("vllm/vllm-openai", "v0.99.0", newest().version, "guess"),
    ("vllm/vllm-openai", "v0.5.4", versions()[0], "guess"),
    ("vllm/vllm-openai", "sha256:0123", newest().version, "guess"),
    ("nvcr.io/nvidia/vllm", "25.09-py3", newest().version, "guess"),
    ("lmcache/vllm-openai", "v0.11.2", newest().version, "guess"),
    ("my/llm-server", "v0.11.2", newest().version, "guess"),
    ("quay.io/ascend/vllm-ascend", "v0.11.2", "0.11.2", "guess"),
]


@pytest.mark.parametrize(("repository", "tag", "version", "sureness"), IMAGES)
def test_catalogue_of_an_image(repository: str, tag: str, version: str, sureness: str) -> None:
    match = catalogue_for(repository, tag)
    assert (match.catalogue.version, match.sureness) == (version, sureness)
    assert match.exact == (sureness == "release")
    assert match.reason


def test_a_stated_version_counts_more_than_the_tag() -> None:
    assert catalogue_for("lmcache/vllm-openai", "latest", "0.11.2").exact
    assert catalogue_for("vllm/vllm-openai", "v0.12.0", "v0.11.2").catalogue.version == "0.11.2"
    assert not catalogue_for("vllm/vllm-openai", "v0.12.0", "soon").exact


def test_one_catalogue_a_minor_and_none_missing() -> None:
    minors = [read_release(version).minor for version in versions()]
    assert minors == [(0, minor) for minor in range(6, 6 + len(minors))]


@pytest.mark.parametrize("text", ["", "latest", "2025-05-27-v1", "pd", "0.x", "cu128"])
def test_what_is_no_release(text: str) -> None:
    with pytest.raises(ValueError, match="is not a vLLM release"):
        read_release(text)
