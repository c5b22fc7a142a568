"""Says hello over HTTP from one thread per connection: `tremolo_core` and the standard library."""

import contextlib
import socket
import socketserver
import sys
import time

from tremolo_core import (
    Closing,
    Connection,
    ConnectionClosed,
    Data,
    EndOfMessage,
    Event,
    Headers,
    RemoteProtocolError,
    Request,
    Response,
    Signal,
)


def answer(request: Request, body: bytes) -> tuple[Event, ...]:
    text = b"You said %b to %b.\n" % (body or b"nothing", request.target)
    fields = ((b"content-type", b"text/plain"), (b"content-length", b"%d" % len(text)))
    return Response(status=200, headers=Headers(fields)), Data(data=text), EndOfMessage()


def read(connection: Connection, sock: socket.socket) -> None:
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


def converse(connection: Connection, sock: socket.socket) -> None:
    """Answer requests until one of the two sides has had enough."""
    request, body = Request(method=b"", target=b"", headers=Headers()), b""
    while connection.closing is Closing.NO:
        match connection.next_event():
            case Request() as request:
                body = b""
            case Data(data=data):
                body += data  # at most Limits.body bytes
            case EndOfMessage():
                connection.send(*answer(request, body))
                sock.sendall(connection.data_to_send())
                if connection.closing is Closing.NO:
                    connection.start_next_cycle()
            case Signal.NEED_DATA:
                read(connection, sock)
            case ConnectionClosed():
                return


class Handler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        connection = Connection()
        with contextlib.suppress(OSError):
            with contextlib.suppress(RemoteProtocolError):
                converse(connection, self.request)
            # After an error of the client this is the answer that says so.
            self.request.sendall(connection.data_to_send())
            if connection.closing is Closing.LINGER:
                self.request.shutdown(socket.SHUT_WR)
                self.request.settimeout(5)
                while self.request.recv(65_536):
                    pass


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


if __name__ == "__main__":
    with Server(("127.0.0.1", int(sys.argv[1])), Handler) as server:
        print("http://{}:{}".format(*server.server_address), flush=True)
        server.serve_forever()
