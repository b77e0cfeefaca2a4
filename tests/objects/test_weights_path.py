"""HF_HOME: the shared storage, else the model's own claim, else the pod's own disk."""

from __future__ import annotations

import pytest

from tests.objects.support import MODEL, env_of, one, pods

SHARED = "sharedStorage: {enabled: true}\n"


@pytest.mark.parametrize(
    ("values", "path"),
    [
        (MODEL, "/tmp"),
        (MODEL + "    pvcStorage: 5Gi\n", "/data"),
        (MODEL + SHARED, "/data/shared-pvc-storage"),
        (MODEL + "    pvcStorage: 5Gi\n" + SHARED, "/data/shared-pvc-storage"),
    ],
)
def test_where_the_weights_are(values: str, path: str) -> None:
    engine = one(values, "Deployment", "llmstack-llama-deployment-vllm")
    assert env_of(pods(engine)["serves"]["spec"]["containers"][0])["HF_HOME"] == path
