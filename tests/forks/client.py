"""Ask the server at a socket to run a command, here and with these streams; end with its exit code.

    python -I -S client.py SOCKET ARGUMENT...

It imports next to nothing, so that it starts fast.
"""

import json
import os
import socket
import sys


def main() -> None:
    umask = os.umask(0)
    with socket.socket(socket.AF_UNIX) as server:
        server.connect(sys.argv[1])
        socket.send_fds(server, [b"\n"], [0, 1, 2])
        asked = {"arguments": sys.argv[2:], "folder": os.getcwd(), "environment": dict(os.environ), "umask": umask}
        server.sendall(json.dumps(asked).encode() + b"\n")
        os._exit(int(server.makefile().readline()))


if __name__ == "__main__":
    main()
