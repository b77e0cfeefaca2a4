"""Reviews and findings to report on: a small one that shows everything, large ones, hostile ones."""

from __future__ import annotations

import copy
from typing import Any

from msgspec.structs import replace

from llmstack.engine.upgrade import Item
from llmstack.finding import Finding, Place, Severity
from llmstack.review.change import Change, ObjectChange
from llmstack.review.engine_change import EngineChange, EngineState
from llmstack.review.forecast import Demand, Failure, GpuPool, PodPhase, Rollout
from llmstack.review.removed import Removed
from llmstack.review.result import ClusterReview, EnvironmentReview, Review, Risk, RuleChange
from llmstack.review.ways_in.way import Station, WayIn

UNREACHED = (
    "no request reaches `meta-llama/Llama-3.1-8B-Instruct` for 12 min to 12 min 40 s: the router asks port 8100, and the "
    "engine listens on 8000 until the engine has restarted"
)
SECRET = "hf_AbCdEfGhIjKlMnOpQrStUvWx"
PASSWORD = "correct horse, battery staple"


def findings() -> list[Finding]:
    """Every kind of finding: with help, without place, wide characters, tabs, a secret's line."""
    return [
        Finding(
            "unknown-key",
            Severity.ERROR,
            "`repositry` is not a key of modelSpec[0]",
            route=("servingEngineSpec", "modelSpec", 0, "repositry"),
            place=Place("values/prod.yaml", 5, 7, 9, "      repositry: vllm/vllm-openai"),
            help="did you mean `repository`?",
        ),
        Finding(
            "plaintext-secret",
            Severity.ERROR,
            "`hf_token` holds a secret in plain text",
            place=Place("values/prod.yaml", 12, 7, 8, f"      hf_token: {PASSWORD}"),
            help="kubectl create secret generic llama-hf --from-literal=token=…\nor run `llmstack migrate`",
            secret=True,
        ),
        Finding(
            "mutable-tag",
            Severity.WARNING,
            "`latest` can move: Git no longer says what runs",
            place=Place("values/prod.yaml", 104, 10, 8, "      - 日本語: latest  # 100 %"),
            help="pin a version or a digest",
        ),
        Finding("no-capacity", Severity.NOTE, "`gitops.capacity` is not declared"),
        Finding(
            "bad-character",
            Severity.ERROR,
            "the character U+202E (a control or direction character) is not allowed",
            place=Place("values/a,b:c.yaml", 3, 12, 1, "\tname: lla\u202ema\x1b[31m"),
        ),
    ]


def deployment(name: str, image: str, length: int, *, token: str = SECRET) -> dict[str, Any]:
    """An engine's Deployment, as far as a report shows it."""
    container = {
        "name": "vllm",
        "image": image,
        "args": [name, "--max-model-len", str(length), "--api-key", PASSWORD],
        "env": [{"name": "HF_TOKEN", "value": token}, {"name": "LOG_LEVEL", "value": "info"}],
        "resources": {"limits": {"nvidia.com/gpu": "1"}},
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": f"llmstack-{name}-deployment-vllm", "labels": {"model": name}},
        "spec": {"replicas": 2, "template": {"spec": {"containers": [container]}}},
    }


def image_bump(model: str, *, length: int | None = None) -> ObjectChange:
    """A new image, and a longer context where `length` says so."""
    image = "spec.template.spec.containers[vllm].image"
    before = deployment(model, "vllm/vllm-openai:v0.11.0", 32768)
    after = deployment(model, "vllm/vllm-openai:v0.11.2", length or 32768)
    changes = [Change(image, "vllm/vllm-openai:v0.11.0", "vllm/vllm-openai:v0.11.2")]
    if length:
        changes.append(Change("spec.template.spec.containers[vllm].args[--max-model-len]", "32768", str(length)))
    name = before["metadata"]["name"]
    causes = tuple(change.path for change in changes)
    return ObjectChange(
        "apps/v1",
        "Deployment",
        "default",
        name,
        f"models/{model}",
        "change",
        tuple(changes),
        True,
        causes,
        before,
        after,
    )


def rollout(of: str, why: Any = "restart", *, seconds: int | None = 1440, **other: Any) -> Rollout:
    values: dict[str, Any] = {
        "kind": "Deployment",
        "name": f"llmstack-{of}-deployment-vllm",
        "model": of,
        "why": why,
        "replicas": 2,
        "gpus_per_replica": 1,
        "resource": "nvidia.com/gpu",
        "pool": "h100",
        "max_surge": 0,
        "max_unavailable": 1,
        "min_ready": 1,
        "seconds": seconds,
        "seconds_min": None,
        "seconds_max": None,
        "replicas_min": 2,
        "replicas_max": 2,
        "if_it_fails": Failure(1, 2),
        "basis": {"seconds": "exact", "peak": "exact", "minReady": "exact"},
    }
    return Rollout(**{**values, **other})


def pods(model: str, start: float = 0, load: float = 720, replicas: int = 2) -> list[PodPhase]:
    """The phases of a rollout that replaces one replica after the other, and a little after it."""
    key = ("Deployment", "", f"llmstack-{model}-deployment-vllm")
    phases = []
    now, end = start, 1.05 * (start + replicas * (load + 30))
    for index in range(replicas):
        for pod, revision, spans in (
            (f"old-{index}", "old", [("ready", 0, now), ("terminating", now, now + 30)]),
            (
                f"new-{index}",
                "new",
                [
                    ("waiting", now, now + 30),
                    ("loading", now + 30, now + 30 + load),
                    ("ready", now + 30 + load, end),
                ],
            ),
        ):
            for phase, begins, ends in spans:
                if ends > begins:
                    phases.append(PodPhase(key, pod, revision, phase, begins, ends, 1, "h100"))  # type: ignore[arg-type]
        now += load + 30
    return phases


def engines() -> tuple[EngineChange, ...]:
    """An engine that a release leaves less room, and one of which nothing is known."""
    terms = {"weights": 14.99, "activation": 1.89, "nonTorch": 0.25, "graphs": 0.0, "kv": 54.14, "budget": 71.27}
    less = terms | {"graphs": 0.84, "kv": 54.89, "budget": 72.86}
    before = EngineState("0.19.1", "H100-80GB", 53.79, 54.49, 443504, 54.14, terms)
    after = EngineState("0.20.2", "H100-80GB", 53.69, 55.49, 449600, 54.88, less)
    name = "--gpu-memory-utilization"
    moved = Item("default", name, "0.9", "0.92", "0.20.2", f"{name} is 0.92 by default; it was 0.9.")
    why = "one request of 8192 tokens needs 1.00 GiB of KV cache; at least 53.69 GiB are left"
    qwen = EngineChange("llama", "Deployment/llmstack-llama-deployment-vllm", "starts", why, before, after, (moved,))
    unknown = EngineState(None, None)
    return qwen, EngineChange(
        "mistral",
        "Deployment/llmstack-mistral-deployment-vllm",
        "unknown",
        "there are no facts of acme/mistral",
        None,
        unknown,
    )


def small() -> Review:
    """Two environments: restarts, a new model, a scale, a deadlock, secrets, a lost claim, a stale tree."""
    llama, qwen = image_bump("llama"), image_bump("qwen", length=65536)
    new = deployment("mistral", "vllm/vllm-openai:v0.11.2", 8192)
    added = ObjectChange(
        "apps/v1",
        "Deployment",
        "default",
        "llmstack-mistral-deployment-vllm",
        "models/mistral",
        "add",
        (),
        False,
        (),
        None,
        new,
    )
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "llmstack-phi-storage-claim"},
    }
    removed = ObjectChange(
        "v1",
        "PersistentVolumeClaim",
        "default",
        "llmstack-phi-storage-claim",
        "models/phi",
        "remove",
        (),
        False,
        (),
        claim,
        None,
    )
    credentials = [
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "llmstack-secrets"},
            "data": {"token": text},
        }
        for text in ("b25l", "dHdv")
    ]
    secret = ObjectChange(
        "v1",
        "Secret",
        "default",
        "llmstack-secrets",
        "stack",
        "change",
        (
            Change("data.token", "b25l", "dHdv"),
            Change("spec.containers[vllm].env[HF_TOKEN].value", SECRET, PASSWORD),
        ),
        False,
        (),
        *credentials,
    )
    prod = EnvironmentReview(
        objects=(llama, qwen, added, removed, secret),
        rollouts=(
            rollout("llama"),
            rollout("qwen", seconds=None, max_surge=1, max_unavailable=0, min_ready=2),
            rollout(
                "mistral",
                "new",
                seconds=None,
                seconds_min=600,
                seconds_max=2400,
                min_ready=0,
                seconds_max_without=("image pull",),
            ),
            rollout(
                "router",
                "scale",
                seconds=45,
                model=None,
                name="llmstack-deployment-router",
                gpus_per_replica=0,
                pool=None,
            ),
        ),
        gpus=(
            GpuPool(
                "h100",
                "nvidia.com/gpu",
                6,
                4,
                6,
                8,
                True,
                True,
                (
                    Demand(0, 4, 3, 1),
                    Demand(30, 5, 3, 0),
                    Demand(780, 5, 3, 1),
                    Demand(810, 6, 2, 0),
                ),
            ),
            GpuPool(None, "amd.com/gpu", None, 2, 2, 2, None, None),
        ),
        risks=(
            Risk(
                "gpu-deadlock",
                Severity.ERROR,
                "Deployment/llmstack-qwen-deployment-vllm",
                "the rollout never finishes: a new replica (1 GPU) must be ready before an old one goes, "
                "and the goal leaves 0 of 6 GPUs of pool `h100` free",
                "set maxSurge 0 and maxUnavailable 1 for `qwen`",
                "values/prod.yaml:31",
            ),
            Risk(
                "data-loss",
                Severity.WARNING,
                "PersistentVolumeClaim/llmstack-phi-storage-claim",
                "the claim is removed from Git",
                "It is kept on prune; delete it by hand once nobody needs it.",
                "values/prod.yaml:40",
                True,
            ),
            *(
                Risk(
                    "restart",
                    Severity.NOTE,
                    f"Deployment/llmstack-{model}-deployment-vllm",
                    "2 replicas restart for `spec.template.spec.containers[vllm].image`",
                    "",
                    f"values/prod.yaml:{line}",
                )
                for model, line in (("llama", 12), ("qwen", 22))
            ),
        ),
        timeline=(*pods("llama"), *pods("qwen", 40)),
        seconds=None,
        findings=(
            Finding(
                "stale-tree",
                Severity.WARNING,
                "overlays/prod is not what the values say",
                place=Place("values/prod.yaml"),
                help="run `llmstack gen`",
            ),
        ),
        engines=engines(),
    )
    staging = EnvironmentReview(
        objects=(image_bump("llama"),),
        rollouts=(rollout("llama", replicas=1, min_ready=0, seconds=760),),
        gpus=(GpuPool("a10", "nvidia.com/gpu", 4, 2, 2, 2, False, False, (Demand(0, 1, 1, 1), Demand(30, 2))),),
        risks=(
            Risk(
                "outage",
                Severity.WARNING,
                "Deployment/llmstack-llama-deployment-vllm",
                "no replica is ready for 760 s: up to 1 of 1 replica may be unavailable",
                "Set maxSurge 1 and maxUnavailable 0 (needs 1 spare GPU), or run two replicas.",
                "values/staging.yaml:9",
            ),
            Risk(
                "outage",
                Severity.WARNING,
                "Deployment/llmstack-llama-deployment-vllm",
                UNREACHED,
                "Router and engines restart at their own speed. Merge when few requests come.",
                "values/staging.yaml:9",
            ),
        ),
        timeline=tuple(pods("llama", replicas=1)),
        seconds=760,
        ways=(
            WayIn(
                "Deployment/llmstack-llama-deployment-vllm",
                (
                    Station("host", "llm.example.com/v1"),
                    Station("Ingress", "llmstack-ingress-router"),
                    Station("Service", "llmstack-router-service:80"),
                    Station("router", "Deployment/llmstack-deployment-router"),
                    Station("engine", "Deployment/llmstack-llama-deployment-vllm"),
                    Station("model", "meta-llama/Llama-3.1-8B-Instruct"),
                ),
                3,
                UNREACHED,
                (720, 760),
            ),
        ),
    )
    rules = (
        RuleChange("capacity", "prod", "declares the pool a100: 8 nvidia.com/gpu at 8 per node", "values/prod.yaml:9"),
        RuleChange("facts", "", "changes facts/clusters/c1.yaml"),
    )
    environments = {"prod": prod, "staging": staging}
    return Review("4f0c2d1e9ab8c7d6e5f4a3b2c1d0e9f8a7b6c5d4", "worktree", environments, rules=rules)


def large(models: int) -> Review:
    """The same image for many models, rolled one after the other in one pool, each with a risk of its own."""
    names = [f"model-{number:03d}" for number in range(models)]
    environment = EnvironmentReview(
        objects=tuple(image_bump(name, length=65536 if index % 40 == 0 else None) for index, name in enumerate(names)),
        rollouts=tuple(rollout(name, seconds=1500 + 13 * index) for index, name in enumerate(names)),
        gpus=(
            GpuPool(
                "h100",
                "nvidia.com/gpu",
                2 * models + 4,
                2 * models,
                2 * models,
                2 * models + 3,
                False,
                False,
                tuple(
                    Demand(30.0 * step, 2 * models - step % 4, step % 4, step % 3)
                    for step in range(models - models % 4 + 1)
                ),
            ),
        ),
        risks=tuple(
            Risk(
                "deadline-too-short",
                Severity.WARNING,
                f"Deployment/llmstack-{name}-deployment-vllm",
                f"progressDeadlineSeconds is 600 s and one step takes {700 + index} s",
                f"Allow more than {700 + index} s.",
                f"values/prod.yaml:{10 * index + 5}",
            )
            for index, name in enumerate(names)
        ),
        timeline=tuple(phase for index, name in enumerate(names) for phase in pods(name, 13 * index)),
        seconds=1500 + 13 * models,
    )
    return Review("4f0c2d1e9ab8c7d6e5f4a3b2c1d0e9f8a7b6c5d4", "0" * 40, {"prod": environment})


def fleet(models: int = 500) -> Review:
    """Two environments that share a cluster and a pool which is too small: of many models one goes."""
    prod = large(models).environments["prod"]
    gone = replace(
        image_bump("qwen-72b"),
        action="remove",
        changes=(),
        restarts=False,
        causes=(),
        after=None,
        unit="models/qwen-72b",
    )
    key = "Deployment/llmstack-qwen-72b-deployment-vllm"
    pool = GpuPool(
        "h100",
        "nvidia.com/gpu",
        2 * models,
        2 * models,
        2 * models + 8,
        2 * models + 12,
        True,
        True,
        (Demand(0, 2 * models - 8, 8, 8), Demand(120, 2 * models - 4, 12, 4), Demand(2400, 2 * models, 8)),
    )
    removal = Risk("removal", Severity.WARNING, key, "the model goes, and nothing takes its place", "", None)
    prod = replace(
        prod,
        objects=(*prod.objects, gone),
        gpus=(pool,),
        risks=(*prod.risks, removal),
        removed=(Removed("Deployment", "llmstack-qwen-72b-deployment-vllm", "qwen-72b", 2, 8),),
        timeline=(
            *prod.timeline,
            PodPhase(("Deployment", "", key.partition("/")[2]), "old-0", "old", "terminating", 0, 120, 4, "h100"),
        ),
        engines=(
            *(replace(engines()[0], model=f"model-{number:03d}") for number in range(models)),
            replace(engines()[0], model="model-x", verdict="does-not-start"),
        ),
    )
    dev = replace(small().environments["staging"], gpus=(pool,))
    cluster = ClusterReview(("dev", "prod"), (pool,), None)
    return Review("4f0c2d1e9ab8c7d6e5f4a3b2c1d0e9f8a7b6c5d4", "0" * 40, {"dev": dev, "prod": prod}, {"c1": cluster})


HOSTILE = (
    "*bold* _it_ ~~x~~ # [link](https://evil.example) ![i](x)",
    "<script>alert(1)</script></script><img src=x onerror=alert(1)>",
    "@someone @org/team #123 GH-7 org/repo#9 0123456789abcdef0123456789abcdef01234567",
    "`tick` ``two`` ```three",
    "a|b\\|c\\",
    "line\n\n# heading\r\n- item\n```\nout",
    "rtl\u202eevil\u200bzero\u2066\ufeff\x1b[31mred\x00",
    "</details></summary> --> ]]> https://evil.example www.evil.example me@evil.example :tada:",
    "    indented\n> quote\n| a | b |\n|---|---|",
    "&lt;b&gt; &#64;someone {{ 7*7 }} {% raw %} ${x}",
    "'\"><svg onload=alert(1)>",
    "`",
    "\\`",
    " ",
)


def hostile() -> Review:
    """Every text of a review, in turn, what does most harm."""
    template = small()
    environments = {}
    for index, text in enumerate(HOSTILE):
        base = template.environments["prod"]
        objects = []
        for change in base.objects:
            fields = tuple(Change(f"{each.path}[{text}]", text, f"{text}{text}") for each in change.changes)
            sides = [copy.deepcopy(dict(side)) if side else None for side in (change.before, change.after)]
            for side in sides:
                if side is not None:
                    side["metadata"] = {"name": text, "annotations": {text or "x": text}}
            objects.append(
                ObjectChange(
                    text,
                    f"Kind{text}",
                    text,
                    f"{change.name}{text}",
                    f"models/{text}",
                    change.action,
                    fields,
                    change.restarts,
                    tuple(each.path for each in fields),
                    *sides,
                )
            )
        risks = tuple(
            Risk(
                risk.id,
                risk.severity,
                f"Deployment/{text}",
                f"{text} {risk.message} {text}`{text}`",
                text,
                text,
                risk.acknowledged,
            )
            for risk in base.risks
        )
        environments[f"{index}{text}"] = EnvironmentReview(
            objects=tuple(objects),
            rollouts=tuple(
                rollout(text, each.why, seconds=each.seconds, pool=text, resource=text, name=text)
                for each in base.rollouts
            ),
            gpus=tuple(GpuPool(text, text, 6, 4, 6, 8, True, True, pool.demand) for pool in base.gpus),
            risks=risks,
            timeline=tuple(PodPhase((text, "", text), text, "new", "loading", 0, 60, 1, text) for _ in range(2)),
            seconds=None,
            ways=(WayIn(text, (Station(text, text), Station("engine", text)), 0, text, None),),
            findings=(Finding(text, Severity.WARNING, text, place=Place(text, 1, 1, 1, text), help=text),),
        )
    rules = tuple(RuleChange("ignore", text, text, text) for text in HOSTILE)
    return Review(HOSTILE[0], HOSTILE[1], environments, rules=rules)


def nothing() -> Review:
    empty = EnvironmentReview((), (), (), ())
    return Review("a" * 40, "b" * 40, {"prod": empty, "staging": empty})
