"""Runs a command and writes down which programs it and its children start, and which sockets they open.

The kernel tells: a filter of system calls (seccomp(2)) asks this process about each `execve` and `socket`, and goes on
as it would have. It needs Linux 5.5 and no privilege, and nothing that is watched can get out of it.
"""

from __future__ import annotations

import array
import ctypes
import fcntl
import os
import platform
import select
import socket
import struct
import subprocess
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_CALLS = {
    "x86_64": {"socket": 41, "execve": 59, "execveat": 322, "seccomp": 317},
    "aarch64": {"socket": 198, "execve": 221, "execveat": 281, "seccomp": 277},
}
_ASK, _ALLOW = 0x7FC00000, 0x7FFF0000
_RECEIVE, _SEND = 0xC0502100, 0xC0182101  # SECCOMP_IOCTL_NOTIF_RECV and _SEND of linux/seccomp.h
_GO_ON = 1  # SECCOMP_USER_NOTIF_FLAG_CONTINUE


@dataclass
class Watched:
    """What a command printed, how it ended, and what it did: files that were executed, families of sockets."""

    output: str = ""
    code: int = -1
    programs: list[str] = field(default_factory=list)
    families: list[int] = field(default_factory=list)

    @property
    def started(self) -> set[str]:
        """Names of the programs, the command itself left out."""
        return {os.path.basename(path) for path in self.programs[1:]}

    @property
    def reached_network(self) -> bool:
        return bool({socket.AF_INET, socket.AF_INET6} & set(self.families))


def watch(command: Sequence[str], *, folder: Path, environment: Mapping[str, str]) -> Watched:
    """Run a command to its end under watch."""
    calls = _CALLS[platform.machine()]
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    watched = Watched()
    listener = threading.Thread(target=_listen, args=(here, calls, watched), daemon=True)
    listener.start()
    ask = _asking(calls, there)
    done = subprocess.run(
        command, cwd=folder, env=dict(environment), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, check=False, preexec_fn=ask, pass_fds=(there.fileno(),), timeout=300,
    )  # fmt: skip
    there.close()
    listener.join(60)
    assert not listener.is_alive(), "something that the command started is still running"
    watched.output, watched.code = done.stdout.decode("utf-8", "replace"), done.returncode
    return watched


def _asking(calls: Mapping[str, int], there: socket.socket) -> object:
    """What the child calls before it becomes the command: it asks to be watched, and hands over who is to be asked."""
    code = [(0x20, 0, 0, 0)]  # load the call's number
    for name in ("socket", "execve", "execveat"):
        code += [(0x15, 0, 1, calls[name]), (0x06, 0, 0, _ASK)]
    code.append((0x06, 0, 0, _ALLOW))
    instructions = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *each) for each in code))
    program = ctypes.create_string_buffer(struct.pack("@HP", len(code), ctypes.addressof(instructions)))
    libc = ctypes.CDLL(None, use_errno=True)

    def ask() -> None:
        assert instructions  # kept as long as the address is in use
        libc.prctl(38, 1, 0, 0, 0)  # no_new_privs
        descriptor = libc.syscall(calls["seccomp"], 1, 8, program)  # SET_MODE_FILTER, FILTER_FLAG_NEW_LISTENER
        if descriptor < 0:
            raise OSError(ctypes.get_errno(), "seccomp does not watch")
        there.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [descriptor]))])
        os.close(descriptor)

    return ask


def _listen(here: socket.socket, calls: Mapping[str, int], watched: Watched) -> None:
    _, descriptors, _, _ = socket.recv_fds(here, 1, 1)
    (listener,) = descriptors
    poll = select.poll()
    poll.register(listener, select.POLLIN)
    while True:
        ((_, events),) = poll.poll()
        if not events & select.POLLIN:
            os.close(listener)
            return  # the last of them has ended
        request = bytearray(80)
        try:
            fcntl.ioctl(listener, _RECEIVE, request)
        except OSError:
            continue  # it was killed before it was asked about
        id, pid, _, number, _, _, first, second = struct.unpack_from("=QIIiIQQQ", request)
        if number == calls["socket"]:
            watched.families.append(first & 0xFFFFFFFF)
        else:
            path = _text(pid, first if number == calls["execve"] else second)
            if os.path.exists(path if os.path.isabs(path) else f"/proc/{pid}/cwd/{path}"):
                watched.programs.append(path)
        try:
            fcntl.ioctl(listener, _SEND, struct.pack("=QqiI", id, 0, 0, _GO_ON))
        except OSError:
            continue


def _text(pid: int, address: int) -> str:
    """A text of C in another process, read page by page: the next one may not be there."""
    found = b""
    memory = os.open(f"/proc/{pid}/mem", os.O_RDONLY)
    try:
        while b"\0" not in found:
            found += os.pread(memory, 4096 - (address + len(found)) % 4096, address + len(found))
    finally:
        os.close(memory)
    return found.split(b"\0", 1)[0].decode("utf-8", "surrogateescape")
