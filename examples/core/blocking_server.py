"""Says hello over HTTP from one thread per connection: `tremolo_core` and the standard library."""

import contextlib
import socket
import socketserver
import sys
import time

import tremolo_core as core

LIMITS = core.Limits(body=1_048_576)
WRITE_SECONDS = 30.0
LINGER_SECONDS = 5.0


def answer(request: core.Request, body: bytes) -> tuple[core.Event, ...]:
    text = b"You said %b to %b.\n" % (body or b"nothing", request.target)
    fields = ((b"content-type", b"text/plain"), (b"content-length", b"%d" % len(text)))
    head = core.Response(status=200, headers=core.Headers(fields))
    return head, core.Data(data=text), core.EndOfMessage()


def read(connection: core.Connection, sock: socket.socket) -> None:
    """Wait for what the client sends next, but no longer than the protocol allows."""
    now = time.monotonic()
    deadline = connection.deadline(now)
    sock.settimeout(None if deadline is None else max(deadline - now, 0.001))
    try:
        data = sock.recv(65_536)
    except TimeoutError:
        connection.handle_timeout(time.monotonic())
        return
    if data:
        connection.receive_data(data)
    else:
        connection.receive_eof()


def write(connection: core.Connection, sock: socket.socket) -> None:
    sock.settimeout(WRITE_SECONDS)
    sock.sendall(connection.data_to_send())


def linger(sock: socket.socket) -> None:
    """Let the client read the answer, and not a reset, though it may still be sending."""
    sock.shutdown(socket.SHUT_WR)
    end = time.monotonic() + LINGER_SECONDS
    while (left := end - time.monotonic()) > 0:
        sock.settimeout(left)
        if not sock.recv(65_536):
            return


def converse(connection: core.Connection, sock: socket.socket) -> None:
    """Answer requests until one of the two sides has had enough."""
    request, body = core.Request(method=b"", target=b"", headers=core.Headers()), b""
    while connection.closing is core.Closing.NO:
        match connection.next_event():
            case core.Request() as request:
                body = b""
            case core.Data(data=data):
                body += data  # at most Limits.body bytes
            case core.EndOfMessage():
                connection.send(*answer(request, body))
                write(connection, sock)
                if connection.closing is core.Closing.NO:
                    connection.start_next_cycle()
            case core.Signal.NEED_DATA:
                if connection.they_await_continue:
                    connection.send(core.InformationalResponse(status=100))
                    write(connection, sock)
                read(connection, sock)
            case core.ConnectionClosed():
                return


class Handler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        connection = core.Connection(limits=LIMITS)
        with contextlib.suppress(OSError):
            with contextlib.suppress(core.RemoteProtocolError):
                converse(connection, self.request)
            # After an error of the client this is the answer that says so.
            write(connection, self.request)
            if connection.closing is core.Closing.LINGER:
                linger(self.request)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


if __name__ == "__main__":
    with Server(("127.0.0.1", int(sys.argv[1])), Handler) as server:
        print("http://{}:{}".format(*server.server_address), flush=True)
        server.serve_forever()
