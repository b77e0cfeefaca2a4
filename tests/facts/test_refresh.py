"""What docs/facts.md tells to use: the script, and the workflow."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from llmstack import yamlio
from llmstack.facts.asking import READ, READ_WHERE_THERE, rbac

ROOT = Path(__file__).resolve().parents[2]
SCRIPT, WORKFLOW = ROOT / "docs" / "facts" / "refresh.sh", ROOT / "docs" / "facts" / "facts.yml"
KUBECTL = """#!/bin/sh
echo "$@" >> asked
case "$*" in
  api-resources*) printf 'scaledobjects.keda.sh\\nsecrets\\npods\\nrayclusters.ray.io\\n';;
  *keda*) echo '{"apiVersion": "v1", "kind": "List", "items": []}';;
  *) cat seen.json;;
esac
"""


def test_the_script_asks_what_the_command_would_and_learns(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "values", tmp_path / "values")
    shutil.copy(ROOT / "tests" / "facts" / "clusters" / "dev.json", tmp_path / "seen.json")
    for name, text in {
        "kubectl": KUBECTL,
        "llmstack": f'#!/bin/sh\nexec {sys.executable} -m llmstack.cli "$@"\n',
    }.items():
        (tmp_path / "bin").mkdir(exist_ok=True)
        (tmp_path / "bin" / name).write_text(text)
        (tmp_path / "bin" / name).chmod(0o755)
    path = f"{tmp_path / 'bin'}:{os.environ['PATH']}"
    subprocess.run([str(SCRIPT), "dev"], cwd=tmp_path, env={**os.environ, "PATH": path}, check=True)
    written = (tmp_path / "facts" / "clusters" / "dev.yaml").read_text()
    assert written == (ROOT / "facts" / "clusters" / "dev.yaml").read_text()
    first, _, more = (tmp_path / "asked").read_text().splitlines()
    assert set(first.split()[1].split(",")) == {name for names in READ.values() for name in names}
    assert more.split()[1] == "scaledobjects.keda.sh,rayclusters.ray.io"


def test_the_script_may_ask_for_nothing_that_the_rbac_does_not_grant() -> None:
    text = SCRIPT.read_text()
    granted = {
        (group, name) for rule in rbac()[0]["rules"] for group in rule["apiGroups"] for name in rule["resources"]
    }
    assert granted == {(group, name) for group, names in {**READ, **READ_WHERE_THERE}.items() for name in names}
    assert not {"secrets", "configmaps"} & {name for _, name in granted}
    assert {verb for rule in rbac()[0]["rules"] for verb in rule["verbs"]} == {"get", "list", "watch"}
    assert "secrets" not in text


def test_the_workflow_is_sound() -> None:
    tools = Path(os.environ.get("LLMSTACK_TOOLS", ROOT / ".tools" / "bin"))
    subprocess.run([str(tools / "actionlint"), str(WORKFLOW)], check=True)
    zizmor = Path(sys.executable).parent / "zizmor"
    subprocess.run([str(zizmor), "--offline", "--persona", "auditor", "--no-progress", str(WORKFLOW)], check=True)
    workflow = yamlio.load(WORKFLOW.read_text())
    assert workflow["permissions"] == {}
    assert workflow["jobs"]["learn"]["permissions"] == {"contents": "read", "id-token": "write"}


def test_the_workflows_pins_are_those_of_the_repository() -> None:
    def pins(path: Path) -> set[str]:
        return {line.split("uses:")[1].strip() for line in path.read_text().splitlines() if "uses:" in line}

    assert pins(WORKFLOW) <= {pin for path in (ROOT / ".github" / "workflows").iterdir() for pin in pins(path)}
