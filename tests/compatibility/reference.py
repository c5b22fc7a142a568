"""Asks nggit/tremolo the same, and sees that it differs where we say so, and only there.

For an environment that has it and not us: `nox -s compatibility`. As a program
with `serve PORT` it is the server.
"""

import contextlib
import socket
import subprocess
import sys

from .cases import CASES as ROWS
from .cases import Case
from .stream_cases import STREAM_CASES
from .talking import differences

CASES = (*ROWS, *STREAM_CASES)

__all__ = ()


def ask(port: int, case: Case) -> bytes:
    """Send the request of `case`; what comes until the connection ends, or for a second."""
    received = b""
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.settimeout(1)
        try:
            client.sendall(case.request.encode("latin-1"))
            while data := client.recv(65_536):
                received += data
        except OSError:
            pass
    return received


def compare(port: int) -> int:
    """Ask every case; the number of those where it is not as it is said."""
    wrong = 0
    topics: dict[str, int] = {}
    for case in sorted(CASES, key=lambda case: case.last):
        found = differences(case, ask(port, case))
        if case.topic is not None:
            topics[case.topic] = topics.get(case.topic, 0) + 1
        if bool(found) is (case.topic is not None):
            continue
        wrong += 1
        print(f"{case.name}: {'; '.join(found) or 'the same, and not otherwise'}")
    same = len(CASES) - sum(topics.values())
    told = ", ".join(f"{topic} ({count})" for topic, count in sorted(topics.items()))
    print(f"{len(CASES)} cases: {same} are to be the same, and otherwise: {told}")
    print(f"{wrong} are not as they are said to be")
    return wrong


def main() -> int:
    """Serve in a process of its own, and compare."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    command = [sys.executable, "-m", "tests.compatibility.reference", "serve", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            for _ in range(100):
                with contextlib.suppress(subprocess.TimeoutExpired):
                    server.wait(0.1)
                try:
                    socket.create_connection(("127.0.0.1", port)).close()
                except OSError:
                    continue
                return 1 if compare(port) else 0
            print("it does not listen")
            return 1
        finally:
            server.terminate()


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        from .application import app

        app.run("127.0.0.1", int(sys.argv[2]))
    else:
        sys.exit(main())
