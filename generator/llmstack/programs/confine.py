"""What a program that reads a stranger's files is kept from: the network, and programs of its own.

On Linux, for x86-64 and ARM64, the kernel refuses it sockets and new processes (seccomp(2), which needs no privilege
once no_new_privs is set), and it ends when the thread that started it does (PR_SET_PDEATHSIG). Elsewhere, and where the
kernel has no seccomp, the other walls stand alone: what is built was looked through before, from a copy, and the
environment names no program.
"""

from __future__ import annotations

import ctypes
import os
import platform
import signal
import struct
import sys
from collections.abc import Callable, Sequence
from functools import cache

BARE = {"PATH": os.devnull, "HOME": os.devnull}
"""An environment with no program to find and no configuration to read: nothing is below /dev/null."""

_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP = 1, 38, 22
_FILTER_MODE = 2

_ARCHITECTURES = {
    "x86_64": (0xC000003E, {"socket": 41, "fork": 57, "vfork": 58, "io_uring_setup": 425}, 56),
    "aarch64": (0xC00000B7, {"socket": 198, "io_uring_setup": 425}, 220),
}
"""By machine: the kernel's name of it (linux/audit.h), the system calls that are refused, and that of clone."""

_CLONE3 = 435
_CLONE_THREAD = 0x00010000
_X32 = 0x40000000
"""The bit of system calls of a second kind that x86-64 has."""

_LOAD, _EQUAL, _AT_LEAST, _HAS_BITS, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06  # linux/filter.h
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16  # offsets in struct seccomp_data
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000
_EPERM, _ENOSYS = 1, 38


def confinement(*, programs: bool = False) -> Callable[[], None] | None:
    """Return what a child is to call before it becomes the program; None where there is nothing to call.

    With `programs` it may start programs of its own.
    """
    if not sys.platform.startswith("linux"):
        return None
    prctl = _prctl()
    rules = _rules(platform.machine(), programs=programs)
    parent = os.getpid()

    def confine() -> None:
        end_with(parent)
        if rules is not None and prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0:
            prctl(_PR_SET_SECCOMP, _FILTER_MODE, ctypes.addressof(rules), 0, 0)

    return confine


def end_with(parent: int) -> None:
    """Let this process, a child of `parent` on Linux, be killed when the thread that started it ends."""
    _prctl()(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)  # it ended before


@cache
def _prctl() -> Callable[..., int]:
    function = ctypes.PyDLL(None).prctl
    function.argtypes = [ctypes.c_int, *[ctypes.c_ulong] * 4]
    function.restype = ctypes.c_int
    return function


class _Program(ctypes.Structure):
    """struct sock_fprog of linux/filter.h."""

    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p))


@cache
def _rules(machine: str, *, programs: bool) -> _Program | None:
    """The filter of a machine's system calls; None for a machine that is not known."""
    if machine not in _ARCHITECTURES:
        return None
    architecture, refused, clone = _ARCHITECTURES[machine]
    code = _instructions(architecture, refused, None if programs else clone)
    buffer = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *each) for each in code))
    program = _Program(len(code), ctypes.addressof(buffer))
    program.kept = buffer  # the kernel reads it through the address
    return program


def _instructions(architecture: int, refused: dict[str, int], clone: int | None) -> Sequence[tuple[int, int, int, int]]:
    """The filter as (code, jump if true, jump if false, operand); with `clone`, threads are the only new processes."""
    never = _REFUSE | _EPERM
    code = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, never),
        (_LOAD, 0, 0, _NUMBER),
        (_AT_LEAST, 0, 1, _X32),
        (_RETURN, 0, 0, never),
    ]
    for name, number in refused.items():
        if clone is not None or name not in ("fork", "vfork"):
            code += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, never)]
    if clone is not None:
        code += [
            (_EQUAL, 0, 1, _CLONE3),
            (_RETURN, 0, 0, _REFUSE | _ENOSYS),  # its flags are out of a filter's sight; clone is used in its place
            (_EQUAL, 0, 3, clone),
            (_LOAD, 0, 0, _FIRST_ARGUMENT),
            (_HAS_BITS, 1, 0, _CLONE_THREAD),
            (_RETURN, 0, 0, never),
        ]
    return [*code, (_RETURN, 0, 0, _ALLOW)]
