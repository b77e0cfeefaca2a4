"""The programs of a cluster, built from Go modules and kept outside the tree: `python -m tests.cluster.build`.

Built cold on two cores they take about twenty minutes, so a binary is kept in a folder that is named by everything
it was built from (go.mod, go.sum, flags, Go's version and platform): the same inputs are never built twice, and two
checkouts share them. `$LLMSTACK_CLUSTER_CACHE` names the folder of all of these; otherwise it is in the user's cache.
"""

import hashlib
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

MODULES = Path(__file__).parent / "modules"


@dataclass(frozen=True)
class Program:
    """One binary: the folder of `modules/` that pins it, its package there, and what the linker tells it."""

    module: str
    package: str
    ldflags: str = ""
    called: str = ""
    """The binary's file name, where that is not the package's last word."""
    modules: Path = MODULES

    @property
    def name(self) -> str:
        return self.called or self.package.rsplit("/", 1)[-1]

    @property
    def folder(self) -> Path:
        """Where its go.mod is."""
        return self.modules / self.module


def version_of(module: str, path: str, modules: Path = MODULES) -> str:
    """The version of module `path` that modules/`module`/go.mod requires, as it stands there (`v1.2.3`)."""
    text = (modules / module / "go.mod").read_text(encoding="utf-8")
    found = re.search(rf"^\t{re.escape(path)} (v\S+)", text, re.MULTILINE)
    assert found, f"modules/{module}/go.mod does not require {path}"
    return found[1]


def _kubernetes_ldflags() -> str:
    """What Kubernetes is told of its version; without it, it reports v0.0.0 and emulates no release."""
    version = version_of("kubernetes", "k8s.io/kubernetes")
    major, minor, _ = version.removeprefix("v").split(".")
    said = {"gitVersion": version, "gitMajor": major, "gitMinor": minor}
    return " ".join(f"-X k8s.io/component-base/version.{name}={value}" for name, value in said.items())


PROGRAMS = (
    Program("etcd", "go.etcd.io/etcd/server/v3", called="etcd"),
    *(
        Program("kubernetes", f"k8s.io/kubernetes/cmd/{name}", _kubernetes_ldflags())
        for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl")
    ),
    Program("kwok", "sigs.k8s.io/kwok/cmd/kwok"),
    Program("source-controller", "github.com/fluxcd/source-controller"),
    Program("kustomize-controller", "github.com/fluxcd/kustomize-controller"),
    Program("helm", "helm.sh/helm/v4/cmd/helm"),
)


def cache() -> Path:
    """The folder that keeps the binaries of every combination of inputs."""
    if named := os.environ.get("LLMSTACK_CLUSTER_CACHE"):
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "llmstack" / "cluster"


def build_all(programs: Iterable[Program] = PROGRAMS) -> dict[str, Path]:
    """The path of every program by name; builds those that the cache lacks, and says so on stderr."""
    platform = _go(MODULES / "etcd", "env", "GOVERSION", "GOOS", "GOARCH")
    return {program.name: _built(program, platform) for program in programs}


def module_folder(module: str, path: str, modules: Path = MODULES) -> Path:
    """Where Go keeps the sources of module `path` at the version that modules/`module`/go.mod names.

    Downloads them where they are missing; go.sum says what they must be. Nothing but this one module is asked for.
    """
    wanted = f"{path}@{version_of(module, path, modules)}"
    answer = json.loads(_go(modules / module, "mod", "download", "-json", wanted))
    return Path(answer["Dir"])


def _built(program: Program, platform: str) -> Path:
    binary = cache() / _digest(program, platform) / program.name
    if not binary.exists():
        print(f"building {program.name} from {program.package}", file=sys.stderr, flush=True)
        started = time.monotonic()
        binary.parent.mkdir(parents=True, exist_ok=True)
        staged = binary.with_suffix(f".{os.getpid()}")
        flags = ["-mod=readonly", "-trimpath", "-buildvcs=false", "-ldflags", f"-s -w {program.ldflags}"]
        _go(program.folder, "build", *flags, "-o", str(staged), program.package)
        staged.rename(binary)  # two runs at once build the same bytes; a killed one leaves no half binary
        print(f"  built in {time.monotonic() - started:.0f} s: {binary}", file=sys.stderr, flush=True)
    return binary


def _digest(program: Program, platform: str) -> str:
    digest = hashlib.sha256()
    for part in _inputs(program, platform):
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()[:16]


def _inputs(program: Program, platform: str) -> Iterator[bytes]:
    yield (program.folder / "go.mod").read_bytes()
    yield (program.folder / "go.sum").read_bytes()
    if program.package.startswith("./"):
        yield from (file.read_bytes() for file in sorted((program.folder / program.package).glob("*.go")))
    yield f"{program.package} {program.ldflags} {platform}".encode()


def _go(folder: Path, *arguments: str) -> str:
    environment = os.environ | {"CGO_ENABLED": "0", "GOWORK": "off"}
    run = subprocess.run(["go", *arguments], cwd=folder, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return run.stdout


if __name__ == "__main__":
    for path in build_all().values():
        print(path)
