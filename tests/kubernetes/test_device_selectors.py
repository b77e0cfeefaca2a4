"""Which CEL selectors of devices are read, and what is not."""

from __future__ import annotations

import pytest

from llmstack.kubernetes.device_selectors import LONGEST, expressions_of, select

DRIVER = "gpu.nvidia.com"
ATTRIBUTES = {
    f"{DRIVER}/type": "gpu", f"{DRIVER}/productName": "NVIDIA H100 80GB HBM3", f"{DRIVER}/index": 3,
    f"{DRIVER}/healthy": True,
}  # fmt: skip
READ = {
    "device.driver == 'gpu.nvidia.com'": True,
    'device.driver == "gpu.amd.com"': False,
    "device.driver == 'gpu.nvidia.com' && device.attributes['gpu.nvidia.com'].type == 'gpu'": True,
    "device.driver=='gpu.nvidia.com'&&\n  device.attributes[\"gpu.nvidia.com\"].type != 'mig'": True,
    "device.attributes['gpu.nvidia.com'].type == 'mig'": False,
    "device.attributes['gpu.nvidia.com'].index == 3": True,
    "device.attributes['gpu.nvidia.com'].healthy == true": True,
    "device.attributes['gpu.nvidia.com'].productName in ['NVIDIA H100 80GB HBM3', 'NVIDIA H200']": True,
    "device.driver == 'gpu.amd.com' && device.attributes['gpu.amd.com'].productName.matches('^.*MI300.*$')": False,
    # neither of these can be told
    "device.driver == 'gpu.nvidia.com' && device.attributes['gpu.nvidia.com'].productName.matches('^.*H100.*$')": None,
    "device.driver == 'gpu.amd.com' || device.attributes['gpu.nvidia.com'].type == 'gpu'": None,
    "device.driver == 'gpu.amd.com' && false || true": None,
    "device.driver == 'gpu.amd.com' && true ? true : true": None,
    "!(device.driver == 'gpu.nvidia.com')": None,
    "device.attributes['gpu.nvidia.com'].uuid == 'GPU-1'": None,
    "device.attributes['gpu.nvidia.com'].index == '3'": None,
    "device.attributes['gpu.nvidia.com'].index in 3": None,
    "device.driver in 'gpu.nvidia.com'": None,
    "device.capacity['gpu.nvidia.com'].memory.compareTo(quantity('40Gi')) >= 0": None,
    "device.driver == 'gpu.nvidia.com' &&": None,
    "device.driver == 'gpu.nvidia.com' & true": None,
    "": None,
    " " * LONGEST + "device.driver == 'gpu.nvidia.com'": None,
}


@pytest.mark.parametrize("expression", READ)
def test_an_expression(expression: str) -> None:
    assert select([expression], DRIVER, ATTRIBUTES) is READ[expression]


def test_all_of_several_must_hold() -> None:
    own, other = "device.driver == 'gpu.nvidia.com'", "device.driver == 'x'"
    assert select([own, other], DRIVER, {}) is False
    assert select([own, own], DRIVER, {}) is True
    assert select([], DRIVER, {}) is True


def test_selectors_that_are_no_cel() -> None:
    assert expressions_of(None) == ()
    assert expressions_of([{"cel": {"expression": "x"}}]) == ("x",)
    for wrong in ("x", [1], [{"cel": {}}], [{"cel": {"expression": 1}}], [{"other": {}}], {"cel": {"expression": "x"}}):
        assert expressions_of(wrong) is None
