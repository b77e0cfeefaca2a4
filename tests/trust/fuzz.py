"""A fuzz of `diff`: arbitrary objects, patches and kustomizations in custom/ and clusters/, on a branch of a repository.

`python -m tests.trust.fuzz --count 10000 --seed 1` runs so many reviews and prints the traceback of each kind of crash,
with the files that it needs. Every review is a fork of one process that has loaded llmstack, and reads the files as they lie.
It takes some 0.7 s of processor time (a fork, Git, mostly a kustomize), so ten thousand take hours: every minute it says how far it
is, and when it is ended (SIGTERM, SIGINT) what came of those that it did; `--first` goes on from there.
"""

from __future__ import annotations

import argparse
import copy
import json
import os
import random
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from tests.cli.sandbox import Sandbox, make_sandbox
from tests.review.test_odd_objects import ODD, made, objects, paths, pod, put, spoilt
from tests.trust.support import VALUES

UNIT = "custom/prod/models/m"
SYNCED = (
    VALUES
    + "gitops: {sync: {tool: flux, cluster: c, repoURL: 'https://a.example/b.git'}, capacity: [{pool: p, count: 4}]}\n"
)
SECONDS = 20
"""How much processor time a review of a few small files may take."""
HOLDS, FINDINGS, FAILED, BUG = 0, 1, 5, 70
EVERY = 60.0
"""Seconds between two reports of how far it is."""

Files = dict[str, str]
ODDER: tuple[Any, ...] = (
    *ODD,
    "\x1b]8;;x\x07",
    "2026-11-28",
    "0o17",
    "=",
    "<<",
    "~",
    "*",
    "$(A)",
    "null",
    0.1,
    2**64,
    -(2**63),
    "é" * 300,
)
WORDS = (
    "spec", "metadata", "name", "namespace", "labels", "annotations", "containers", "image", "env", "args", "command", "resources",
    "limits", "requests", "nvidia.com/gpu", "ports", "template", "selector", "matchLabels", "replicas", "strategy", "volumes",
    "configMap", "secret", "secretName", "valueFrom", "secretKeyRef", "rules", "host", "http", "paths", "backend", "service",
    "type", "kind", "apiVersion", "data", "stringData", "items", "sourceRef", "path", "prune", "dependsOn", "syncPolicy",
    "automated", "parentRefs", "backendRefs", "hostnames", "hard", "minAvailable", "triggers", "subjects", "roleRef", "verbs",
)  # fmt: skip


def more_objects() -> list[Any]:
    """Objects of kinds that the review reads beside workloads."""
    source = {"kind": "GitRepository", "name": "llmstack"}
    route = {
        "parentRefs": [{"name": "g"}],
        "hostnames": ["a.b"],
        "rules": [{"backendRefs": [{"name": "m", "port": 80}]}],
    }
    generator = {"list": {"elements": [{"name": "a", "path": "overlays/prod/models/m"}]}}
    template = {"metadata": {"name": "x"}, "spec": {"source": {"path": "{{path}}"}, "destination": {"namespace": "a"}}}
    return [
        made("Kustomization", "kustomize.toolkit.fluxcd.io/v1", spec={
            "path": "overlays/prod/models/m", "prune": True, "interval": "5m", "sourceRef": source, "dependsOn": [{"name": "a"}],
        }),
        made("GitRepository", "source.toolkit.fluxcd.io/v1", spec={"url": "https://a.example/b.git", "ref": {"branch": "main"}}),
        made("Application", "argoproj.io/v1alpha1", spec={
            "source": {"path": "overlays/prod/models/m", "repoURL": "https://a.example/b.git"}, "destination": {"namespace": "a"},
            "syncPolicy": {"automated": {"prune": True}, "syncOptions": ["Prune=false"]},
        }),
        made("ApplicationSet", "argoproj.io/v1alpha1", spec={"generators": [generator], "template": template}),
        made("AppProject", "argoproj.io/v1alpha1", spec={"destinations": [{"namespace": "*", "server": "*"}]}),
        made("HTTPRoute", "gateway.networking.k8s.io/v1", spec=route),
        made("PodDisruptionBudget", "policy/v1", spec={"minAvailable": 1, "selector": {"matchLabels": {"app": "a"}}}),
        made("ResourceQuota", "v1", spec={"hard": {"requests.nvidia.com/gpu": "4"}}),
        made("LimitRange", "v1", spec={"limits": [{"type": "Container", "default": {"cpu": "1"}}]}),
        made("PriorityClass", "scheduling.k8s.io/v1", value=10),
        made("Namespace", "v1", metadata={"name": "m"}),
        made("ClusterRoleBinding", "rbac.authorization.k8s.io/v1", roleRef={"kind": "ClusterRole", "name": "cluster-admin"},
             subjects=[{"kind": "ServiceAccount", "name": "a", "namespace": "b"}]),
        made("ExternalSecret", "external-secrets.io/v1", spec={"data": [{"secretKey": "a", "remoteRef": {"key": "b"}}]}),
        made("SealedSecret", "bitnami.com/v1alpha1", spec={"encryptedData": {"a": "b"}, "template": {"data": {"a": "b"}}}),
        made("TriggerAuthentication", "keda.sh/v1alpha1", spec={"secretTargetRef": [{"parameter": "a", "name": "b", "key": "c"}]}),
        made("NetworkPolicy", "networking.k8s.io/v1", spec={"podSelector": {}, "ingress": [{"from": [{"podSelector": {}}]}]}),
        made("ResourceClaimTemplate", "resource.k8s.io/v1", spec={"spec": {"devices": {"requests": [{"name": "g"}]}}}),
        made("ServiceMonitor", "monitoring.coreos.com/v1", spec={"endpoints": [{"port": "http"}], "selector": {}}),
        made("CronJob", "batch/v1", spec={"schedule": "* * * * *", "jobTemplate": {"spec": {"template": pod()}}}),
        made("StorageClass", "storage.k8s.io/v1", provisioner="a", parameters={"password": "b"}),
        made("List", "v1", items=[made("ConfigMap", "v1", data={"a": "b"})]),
    ]  # fmt: skip


def tree(choice: random.Random, depth: int = 0) -> Any:
    """Any JSON, with words that Kubernetes knows for keys."""
    match choice.random():
        case part if depth > 5 or part < 0.35:
            return copy.deepcopy(choice.choice(ODDER))
        case part if part < 0.8:
            return {choice.choice(WORDS): tree(choice, depth + 1) for _ in range(choice.randint(0, 4))}
        case _:
            return [tree(choice, depth + 1) for _ in range(choice.randint(0, 3))]


def arbitrary(choice: random.Random) -> Any:
    """One object: a known one with odd places, a known kind with any JSON, or any kind with any JSON."""
    item = copy.deepcopy(choice.choice([*objects(), *more_objects()]))
    match choice.random():
        case part if part < 0.5:
            places = [each for each in paths(item) if each and each != ("kind",)]
            for _ in range(choice.randint(1, 4)):
                put(item, choice.choice(places), copy.deepcopy(choice.choice(ODDER)))
        case part if part < 0.75:
            for key in [key for key in item if key not in ("apiVersion", "kind", "metadata")] or ["spec"]:
                item[key] = tree(choice)
        case part if part < 0.9:
            item |= {word: tree(choice) for word in choice.sample(WORDS, 3)}
        case _:
            return {
                "apiVersion": choice.choice(("a/v1", "v1", "x")),
                "kind": choice.choice(("X", "Secret", "Job")),
                **tree_map(choice),
            }
    return item


def tree_map(choice: random.Random) -> dict[str, Any]:
    found = {word: tree(choice) for word in choice.sample(WORDS, 4)}
    return {"metadata": {"name": "x"}} | found


def named(item: Any, name: str) -> Any:
    """An object that has a name of its own, where it has metadata, so that kustomize takes several."""
    if isinstance(item, dict) and isinstance(item.get("metadata"), dict) and "name" in item["metadata"]:
        item["metadata"]["name"] = name
    return item


def written(items: list[Any]) -> str:
    return "---\n".join(f"{json.dumps(item)}\n" for item in items)


def in_resources(choice: random.Random) -> Files:
    items = [named(arbitrary(choice), f"m{at}") for at in range(choice.randint(1, 4))]
    items += [named(item, f"n{at}") for at, item in enumerate(spoilt(choice)[: choice.randint(0, 2)])]
    return {f"{UNIT}/kustomization.yaml": kustomization(resources=["x.yaml"]), f"{UNIT}/x.yaml": written(items)}


def in_patches(choice: random.Random) -> Files:
    """A patch of the unit's Deployment or Service with odd places in it."""
    kind = choice.choice(("Deployment", "Service"))
    item = next(copy.deepcopy(each) for each in objects() if each["kind"] == kind)
    for _ in range(choice.randint(1, 3)):
        put(item, choice.choice([each for each in paths(item) if len(each) > 1]), copy.deepcopy(choice.choice(ODDER)))
    if choice.random() < 0.3:
        operation = {
            "op": choice.choice(("add", "replace", "remove", "test")),
            "path": "/" + "/".join(choice.sample(WORDS, 2)),
            "value": tree(choice),
        }
        item = [operation]
    patch = {"path": "x.yaml", "target": {"kind": kind}}
    return {f"{UNIT}/kustomization.yaml": kustomization(patches=[patch]), f"{UNIT}/x.yaml": f"{json.dumps(item)}\n"}


FIELDS = (
    "resources", "patches", "components", "images", "replicas", "labels", "commonAnnotations", "namePrefix", "namespace",
    "configMapGenerator", "secretGenerator", "replacements", "vars", "configurations", "crds", "openapi", "generators",
    "transformers", "validators", "helmCharts", "helmGlobals", "patchesStrategicMerge", "patchesJson6902", "bases",
    "buildMetadata", "sortOptions", "generatorOptions", "metadata", "imageTags", "inventory", "commonLabels",
)  # fmt: skip


def in_kustomization(choice: random.Random) -> Files:
    fields = {choice.choice(FIELDS): tree(choice) for _ in range(choice.randint(1, 3))}
    return {f"{UNIT}/kustomization.yaml": f"{json.dumps(json.loads(kustomization()) | fields)}\n"}


def in_clusters(choice: random.Random) -> Files:
    return {
        f"clusters/c/prod/x{at}.yaml": written([named(arbitrary(choice), f"x{at}")])
        for at in range(choice.randint(1, 3))
    }


def in_files(choice: random.Random) -> Files:
    """Files that the review reads beside objects, of any JSON."""
    path = choice.choice(
        (
            ".sops.yaml",
            "overlays/prod/secrets/a.yaml",
            "facts/clusters/c.yaml",
            "facts/models/facebook--opt-125m.yaml",
            "values/prod.yaml",
        )
    )
    return {path: f"{json.dumps(tree_map(choice) if choice.random() < 0.9 else tree(choice))}\n"}


def kustomization(resources: list[str] | None = None, **fields: Any) -> str:
    head = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization"}
    return json.dumps(head | {"resources": ["../../../../overlays/prod/models/m", *(resources or [])]} | fields) + "\n"


SHAPES: tuple[tuple[Callable[[random.Random], Files], int], ...] = (
    (in_resources, 55), (in_patches, 15), (in_kustomization, 10), (in_clusters, 12), (in_files, 8),
)  # fmt: skip


def invent(seed: int) -> Files:
    """The files of one branch; the same for the same seed."""
    choice = random.Random(seed)
    shapes, weights = zip(*SHAPES, strict=True)
    return dict(choice.choices(shapes, weights)[0](choice))


def prepare(folder: Path) -> Sandbox:
    """A repository on `main`, generated and committed, with llmstack loaded into this process."""
    sandbox = make_sandbox(folder)
    sandbox.write({"values/prod.yaml": SYNCED, f"{UNIT}/kustomization.yaml": kustomization()})
    output, code = sandbox.run("llmstack gen && git init -q -b main && git add -A && git commit -q -m start")
    assert code == 0, output
    import llmstack.cli
    import llmstack.report.review_formats
    import llmstack.repository.reviewed

    assert llmstack.cli
    return sandbox


def review(sandbox: Sandbox, files: Files, format: str) -> tuple[int, str]:
    """The exit code of `diff main` with these files laid over, and what it said on stderr."""
    kept = {path: (sandbox.root / path).read_bytes() for path in files if (sandbox.root / path).exists()}
    sandbox.write(files)
    said = sandbox.root.parent / "said"
    child = os.fork()
    if not child:
        _review_apart(sandbox, said, format)
    _, status = os.waitpid(child, 0)
    for path in files:
        (sandbox.root / path).write_bytes(kept[path]) if path in kept else (sandbox.root / path).unlink()
    return os.waitstatus_to_exitcode(status), said.read_text(encoding="utf-8", errors="replace")


def _review_apart(sandbox: Sandbox, said: Path, format: str) -> None:
    code = 71
    try:
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 2))
        os.dup2(os.open(os.devnull, os.O_RDWR), 1)
        os.dup2(os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 2)
        os.chdir(sandbox.root)
        os.environ |= sandbox.environment()
        from llmstack.cli import cli
        from llmstack.commands.exits import run

        code = run(lambda: cli(["diff", "main", "--format", format], prog_name="llmstack", standalone_mode=False))
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


@dataclass
class Tally:
    """What came of the reviews so far."""

    codes: Counter[int] = field(default_factory=Counter)
    kinds: set[str] = field(default_factory=set)
    reviews: int = 0

    def add(self, seed: int, code: int, said: str) -> None:
        self.reviews += 1
        self.codes[code] += 1
        if code not in (HOLDS, FINDINGS, FAILED) and (where := said[-300:]) not in self.kinds:
            self.kinds.add(where)
            print(f"seed {seed}, exit {code}:\n{said[-2500:]}\n", flush=True)

    def tell(self) -> None:
        print(f"{self.reviews} reviews: {dict(self.codes)}, {len(self.kinds)} kinds of crash", flush=True)


def try_all(seeds: range, tally: Tally) -> None:
    """Review the branch of each seed, and say every minute how far that is."""
    told = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="fuzz-") as place:
        sandbox = prepare(Path(place))
        for number, seed in enumerate(seeds):
            tally.add(seed, *review(sandbox, invent(seed), ("text", "markdown", "json", "html")[number % 4]))
            if time.monotonic() - told >= EVERY:
                told = time.monotonic()
                tally.tell()


def _stop(*_: object) -> NoReturn:
    raise KeyboardInterrupt


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=10_000, help="how many reviews")
    parser.add_argument("--seed", type=int, default=1, help="where the seeds of reviews begin, in millions")
    parser.add_argument(
        "--first", type=int, default=0, help="how many of them to leave out: where an earlier run was ended"
    )
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, _stop)
    first = options.seed * 1_000_000
    tally = Tally()
    with suppress(KeyboardInterrupt):
        try_all(range(first + options.first, first + options.count), tally)
    tally.tell()
    return 1 if tally.kinds else 0


if __name__ == "__main__":
    raise SystemExit(main())
