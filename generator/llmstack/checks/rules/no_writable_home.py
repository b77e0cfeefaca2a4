"""The engine's container has no place to write its caches to.

vLLM compiles kernels at its start and keeps them, with what libraries download, under the home folder: ~/.cache/vllm,
~/.triton, ~/.cache/flashinfer (VLLM_CACHE_ROOT, vllm/envs.py); temporary files go to /tmp. The images' home is /root:
a user other than root cannot write there, and on a read-only root file system nobody can. The engine then ends with
"Permission denied" or "Read-only file system" while it starts.

Fix: set `HOME` in `env` to a folder that can be written, and on a read-only file system mount an emptyDir there and
at /tmp.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from llmstack.checks.engine_env import engine_variables
from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.subject import Subject
from llmstack.finding import Route, Severity
from llmstack.model.models import Model
from llmstack.model.stack import Stack
from llmstack.objects.engine_container import has_shm
from llmstack.objects.engine_storage import mounts

RULE = Declaration("no-writable-home", Severity.WARNING, needs_objects=True)

_CONTEXT: Route = ("servingEngineSpec", "containerSecurityContext")
_HOME = "/root"


def run(subject: Subject) -> Iterator[Problem]:
    stack = subject.stack
    for at, model in subject.models():
        read_only = bool((stack.engine.container_security_context or {}).get("readOnlyRootFilesystem"))
        lacking = list(_lacking(stack, at, model, read_only=read_only)) if read_only or _is_not_root(stack) else []
        if lacking:
            why = "its root file system is read-only" if read_only else "it does not run as root"
            message = f"`{model.name}` cannot write to {' nor to '.join(lacking)}: {why}"
            yield Problem(message, _route(stack, read_only=read_only), _help(read_only=read_only))


def _lacking(stack: Stack, at: Route, model: Model, *, read_only: bool) -> Iterator[str]:
    """Yield the folders that the engine writes to and that cannot be written."""
    variables = engine_variables(stack, at, model)
    home = variables["HOME"][1] if "HOME" in variables else _HOME
    mounted = mounts(stack, model, shm=has_shm(model))
    paths = [str(mount.get("mountPath")) for mount in mounted if not mount.get("readOnly")]
    if home is not None and not _is_mounted(home, paths) and (read_only or not home.startswith("/tmp")):
        yield f"{home} (its home)"
    temporary = (variables.get("TMPDIR") or ((), "/tmp"))[1]
    if read_only and temporary is not None and not _is_mounted(temporary, paths):
        yield temporary


def _is_mounted(folder: str, paths: Sequence[str]) -> bool:
    return any(f"{folder.rstrip('/')}/".startswith(f"{path.rstrip('/')}/") for path in paths)


def _contexts(stack: Stack) -> Sequence[Mapping[str, Any]]:
    return [stack.engine.container_security_context or {}, stack.engine.security_context or {}]


def _is_not_root(stack: Stack) -> bool:
    """Whether the values say that the user is another one; the image's own user is not known here."""
    users = [context["runAsUser"] for context in _contexts(stack) if context.get("runAsUser") is not None]
    if users:
        return bool(users[0] != 0)
    return any(context.get("runAsNonRoot") for context in _contexts(stack))


def _route(stack: Stack, *, read_only: bool) -> Route:
    container = stack.engine.container_security_context or {}
    if read_only or container.get("runAsUser") or container.get("runAsNonRoot"):
        return _CONTEXT
    return ("servingEngineSpec", "securityContext")


def _help(*, read_only: bool) -> str:
    home = "set `env: [{name: HOME, value: /tmp}]`"
    if not read_only:
        return home
    volume = "extraVolumes: [{name: tmp, emptyDir: {}}]"
    return f"{home} and mount there: `{volume}`, `extraVolumeMounts: [{{name: tmp, mountPath: /tmp}}]`"
