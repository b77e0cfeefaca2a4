"""What a change costs, by `diff` on repositories: before, after, rollout and idle GPUs of a cluster."""

from __future__ import annotations

import json
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.sync.repository import POOL, Repository, environment, model, new_repository

PRICED = {**POOL, "price": 2.4}
MONTH = Decimal("2.40") * 730


def priced(*models: dict[str, Any], price: Any = 2.4, **gitops: Any) -> dict[str, Any]:
    return environment(*models, capacity=[{**POOL, "price": price}], currency="EUR", **gitops)


def total(amounts: Iterable[str]) -> Decimal:
    return sum((Decimal(each) for each in amounts), Decimal(0))


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return new_repository(tmp_path / "repository", dev=priced(model()), prod=priced(namespace="prod"))


def test_a_month_before_and_after_by_pool_environment_and_model(repository: Repository) -> None:
    repository.values(prod=priced(model(replicaCount=4), model("qwen"), namespace="prod"))
    review = repository.review()
    cost = review["clusters"]["c1"]["cost"]
    assert (cost["currency"], cost["per"]) == ("EUR", "month")
    assert (Decimal(cost["before"]), Decimal(cost["after"]), Decimal(cost["idle"])) == (6 * MONTH, 8 * MONTH, 0)
    # two pods load for five minutes
    assert Decimal(cost["rollout"]) == Decimal("2.40") * 2 * 300 / 3600
    for side in ("before", "after", "rollout"):
        for part in ("pools", "environments", "models"):
            assert total(each[side] for each in cost[part]) == Decimal(cost[side])
    models = {(each["environment"], each["model"]): Decimal(each["after"]) for each in cost["models"]}
    assert models == {("dev", "llama"): 2 * MONTH, ("prod", "llama"): 4 * MONTH, ("prod", "qwen"): 2 * MONTH}
    [pool] = cost["pools"]
    assert (pool["pool"], pool["price"], pool["idleGpus"]) == ("h100", "2.40", 0)
    line = "cost of c1: 10,512.00 → 14,016.00 EUR per month (+3,504.00), 0.40 EUR for the rollout"
    assert line in repository.llmstack("diff", "HEAD").splitlines()
    markdown = repository.llmstack("diff", "HEAD", "--format", "markdown").splitlines()
    assert [each for each in markdown if each.startswith("- cost of `c1`: ")] == [f"- {line.replace('c1', '`c1`')}"]
    assert "c1: 10,512.00 → 14,016.00 EUR per month" in repository.llmstack("diff", "HEAD", "--format", "html")


def test_what_goes_is_saved_and_its_gpus_are_idle(repository: Repository) -> None:
    repository.values(prod=priced(model(), namespace="prod"))
    cost = repository.review()["clusters"]["c1"]["cost"]
    assert (Decimal(cost["before"]), Decimal(cost["after"]), Decimal(cost["idle"])) == (6 * MONTH, 4 * MONTH, 4 * MONTH)
    assert cost["pools"][0]["idleGpus"] == 4
    assert "(-3,504.00)" in repository.llmstack("diff", "HEAD")


def test_nothing_is_said_where_nothing_has_a_price(repository: Repository, tmp_path: Path) -> None:
    plain = new_repository(tmp_path / "plain", prod=environment(model()))
    plain.values(prod=environment(model(replicaCount=4)))
    assert plain.review()["clusters"]["c1"]["cost"] is None
    for format in ("text", "markdown", "html"):
        assert "cost" not in plain.llmstack("diff", "HEAD", "--format", format).lower().replace('class="cost"', "")


def test_a_new_price_is_no_saving_and_a_pool_without_one_is_named(repository: Repository) -> None:
    pools = [{**PRICED, "price": "1.20"}, {"pool": "old", "resource": "amd.com/gpu", "count": 8}]
    amd = model("qwen", requestGPUType="amd.com/gpu")
    repository.values(
        dev=priced(model(), price="1.20"), prod=environment(model(), amd, namespace="prod", capacity=pools)
    )
    cost = repository.review()["clusters"]["c1"]["cost"]
    assert (Decimal(cost["before"]), Decimal(cost["after"])) == (3 * MONTH, 2 * MONTH)
    assert cost["unpriced"] == [{"pool": "old", "resource": "amd.com/gpu"}]
    assert "without pool old, which has no price" in repository.llmstack("diff", "HEAD")


def test_prices_that_contradict_each_other_are_told_and_nothing_is_said(repository: Repository) -> None:
    repository.values(dev=priced(model(replicaCount=1), price=3))
    review = repository.review()
    assert review["clusters"]["c1"]["cost"] is None
    conflicts = [risk["message"] for risk in review["clusters"]["c1"]["risks"] if risk["id"] == "pool-conflict"]
    assert conflicts == ["pool `h100` has several prices: 3 in dev, 2.4 in prod; nothing is said of its cost"]
    repository.values(dev=priced(model(replicaCount=1)) | {"x-a": 1})
    usd = priced(model(replicaCount=1))
    usd["gitops"]["currency"] = "USD"
    repository.values(dev=usd)
    review = repository.review()
    assert review["clusters"]["c1"]["cost"] is None
    assert "in several currencies: EUR, USD" in json.dumps(review["clusters"]["c1"]["risks"])


def test_a_scaler_makes_an_interval_and_an_unknown_load_a_bound(tmp_path: Path) -> None:
    def scaled(most: int, **more: Any) -> dict[str, Any]:
        one = model(keda={"enabled": True, "minReplicaCount": 1, "maxReplicaCount": most}, **more)
        return priced(one)

    repository = new_repository(tmp_path / "repository", prod=scaled(3))
    repository.values(prod=scaled(6))
    cost = repository.review()["clusters"]["c1"]["cost"]
    assert cost["before"] == {"least": "1752.00", "most": "5256.00"}
    assert cost["after"] == {"least": "1752.00", "most": "10512.00"}
    assert cost["idle"] == {"least": "3504.00", "most": "12264.00"}
    assert cost["pools"][0]["idleGpus"] == {"least": 2, "most": 7}
    assert "1,752.00 to 5,256.00 → 1,752.00 to 10,512.00 EUR per month," in repository.llmstack("diff", "HEAD")


def test_an_environment_that_goes_costs_what_it_did(repository: Repository) -> None:
    repository.values(prod=None)
    cost = repository.review()["clusters"]["c1"]["cost"]
    assert (Decimal(cost["before"]), Decimal(cost["after"])) == (6 * MONTH, 2 * MONTH)


def test_a_rollout_that_never_ends_has_no_cost(tmp_path: Path) -> None:
    engines = [model(replicaCount=1, tag=tag) for tag in ("v0.11.2", "v0.12.0")]
    pool = {**PRICED, "count": 1}
    repository = new_repository(tmp_path / "repository", prod=environment(engines[0], capacity=[pool]))
    repository.values(prod=environment(engines[1], capacity=[pool]))
    cost = repository.review()["clusters"]["c1"]["cost"]
    assert (cost["currency"], cost["before"], cost["rollout"]) == (None, "1752.00", None)
    assert "1,752.00 → 1,752.00 per month, a rollout that never ends" in repository.llmstack("diff", "HEAD")


@pytest.mark.parametrize("price", ["-1", "1e3", "EUR 2", "1.0000000001", True, [1]])
def test_what_is_no_price_is_an_error(tmp_path: Path, price: Any) -> None:
    repository = new_repository(tmp_path / "repository", prod=environment(model()))
    (repository.root / "values" / "prod.yaml").write_text(json.dumps(priced(price=price)), encoding="utf-8")
    assert "price" in repository.llmstack("lint", codes=(1,))
