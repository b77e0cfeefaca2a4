"""REQUIREMENTS.md: whole pages, and that everything that an environment refers to is on its page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from llmstack.disk.ownership import is_ours
from tests.laws.trees import tree_of
from tests.sync.support import ARGO, ARTIFACT, MODELS, values

EXPECTED = Path(__file__).parent / "expected"
SOPS = {"backend": "sops", "age": ["age1krwwr5nrcrdzts3jkjfv32lrk6gfmjagqdxffgptkl3gcjcku9uqs027rt"]}
EXTERNAL = {"backend": "external-secrets", "store": "vault", "key": "{secret}/{key}"}
POOL = {"pool": "h100", "count": 16, "perNode": 8, "nodeSelector": {"gpu": "h100"}}
READING = {
    **MODELS[0],
    "hf_token": {"secretName": "hf", "secretKey": "token"},
    "envFromSecret": {"name": "all"},
    "imagePullSecret": "registry",
    "priorityClassName": "high",
    "serviceAccountName": "engine",
    "storageClass": "fast",
}
MOVED = {**READING, "name": "llama-3", "gitops": {"movedFrom": "llama", "loadTime": "12m"}}
INGRESS = {
    "enabled": True,
    "className": "nginx",
    "hosts": [{"host": "h"}],
    "tls": [{"secretName": "web", "hosts": ["h"]}],
}


def _page(model: dict[str, Any], sync: dict[str, str], **gitops: Any) -> str:
    made = values(sync, models=[model, *MODELS[1:]], **gitops)
    made["routerSpec"] |= {"ingress": INGRESS}
    return tree_of({"prod": made}).files["overlays/prod/REQUIREMENTS.md"]


PAGES = {
    "flux-sops": lambda: _page(READING, ARTIFACT, secrets=SOPS),
    "argo-external": lambda: _page(MOVED, ARGO, secrets=EXTERNAL),
    "existing": lambda: _page(MOVED, {"tool": "none"}, createNamespace=False, capacity=[POOL]),
}


@pytest.mark.parametrize("name", PAGES)
def test_a_whole_page(name: str, expect: Callable[[Path, str], None]) -> None:
    page = PAGES[name]()
    assert is_ours(page.encode())
    expect(EXPECTED / f"{name}.md", page)


@pytest.mark.parametrize("name", PAGES)
def test_all_that_is_referred_to_is_on_the_page(name: str) -> None:
    page = PAGES[name]()
    for wanted in (
        "hf",
        "token",
        "all",
        "registry",
        ".dockerconfigjson",
        "web",
        "nvidia",
        "fast",
        "high",
        "engine",
        "nginx",
    ):
        assert f"`{wanted}`" in page
    for wanted in ("KEDA", "KubeRay", "LeaderWorkerSet", "`nvidia.com/gpu`"):
        assert wanted in page


def test_an_environment_that_needs_nothing_says_so() -> None:
    page = tree_of({"prod": {"routerSpec": {"enableRouter": False}}}).files["overlays/prod/REQUIREMENTS.md"]
    assert page.count("\nNone.\n") == 4


def test_the_page_of_every_model_alike_is_the_same() -> None:
    """One more model, or another number of replicas, changes no page."""
    more = {**READING, "name": "other"}
    scaled = {**READING, "replicaCount": 9, "requestGPU": 4}
    pages = {_page(READING, ARGO), _page(scaled, ARGO)}
    assert len(pages) == 1
    made = values(ARGO, models=[READING, *MODELS[1:], more])
    made["routerSpec"] |= {"ingress": INGRESS}
    assert tree_of({"prod": made}).files["overlays/prod/REQUIREMENTS.md"] in pages
