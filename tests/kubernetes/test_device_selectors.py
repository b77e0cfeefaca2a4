"""Which CEL selectors of devices are read, and what is not."""

from __future__ import annotations

import pytest

from llmstack.kubernetes.device_selectors import LONGEST, Traits, expressions_of, select

DRIVER = "gpu.nvidia.com"
ATTRIBUTES = {
    f"{DRIVER}/type": "gpu", f"{DRIVER}/productName": "NVIDIA H100 80GB HBM3", f"{DRIVER}/index": 3,
    f"{DRIVER}/healthy": True,
}  # fmt: skip
H100 = Traits(DRIVER, ATTRIBUTES, {f"{DRIVER}/memory": "81559Mi"})
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
    "device.capacity['gpu.nvidia.com'].memory.compareTo(quantity('40Gi')) >= 0": True,
    "device.capacity['gpu.nvidia.com'].memory.compareTo(quantity('81559Mi')) > 0": False,
    "device.capacity['gpu.nvidia.com'].memory.compareTo( quantity(\"80Gi\") ) == 0": False,
    "device.capacity['gpu.nvidia.com'].memory.isGreaterThan(quantity('80G'))": True,
    "device.capacity['gpu.nvidia.com'].memory.isLessThan(quantity('80Gi')) && device.driver == 'gpu.nvidia.com'": True,
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
    "device.attributes['gpu.nvidia.com'].productName == 'nvidia h100 80gb hbm3'.upperAscii()": None,
    "device.capacity['gpu.nvidia.com'].memory.compareTo(quantity('40Gi'))": None,
    "device.capacity['gpu.nvidia.com'].memory.compareTo(quantity('40Gi')) >= 0.5": None,
    "device.capacity['gpu.nvidia.com'].memory.compareTo(quantity('much')) >= 0": None,
    "device.capacity['gpu.nvidia.com'].memory.isGreaterThan(quantity('40Gi')) >= 0": None,
    "device.capacity['gpu.nvidia.com'].cores.compareTo(quantity('1')) >= 0": None,
    "device.capacity['gpu.nvidia.com'].memory >= 40": None,
    "device.driver == 'gpu.nvidia.com' &&": None,
    "device.driver == 'gpu.nvidia.com' & true": None,
    "": None,
    " " * LONGEST + "device.driver == 'gpu.nvidia.com'": None,
}


@pytest.mark.parametrize("expression", READ)
def test_an_expression(expression: str) -> None:
    assert select([expression], H100) is READ[expression]


def test_all_of_several_must_hold() -> None:
    own, other = "device.driver == 'gpu.nvidia.com'", "device.driver == 'x'"
    assert select([own, other], Traits(DRIVER)) is False
    assert select([own, own], Traits(DRIVER)) is True
    assert select([], Traits(DRIVER)) is True


def test_selectors_that_are_no_cel() -> None:
    assert expressions_of(None) == ()
    assert expressions_of([{"cel": {"expression": "x"}}]) == ("x",)
    for wrong in ("x", [1], [{"cel": {}}], [{"cel": {"expression": 1}}], [{"other": {}}], {"cel": {"expression": "x"}}):
        assert expressions_of(wrong) is None
