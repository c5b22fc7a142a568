"""Echoes WebSocket messages on a bare `selectors` loop: `tremolo_core` and the standard library."""

import contextlib
import selectors
import socket
import sys
import time

import tremolo_core as core

NO_BODY = core.Headers(((b"content-length", b"0"),))
NOT_HERE = (core.Response(status=404, headers=NO_BODY), core.EndOfMessage())
MOST_UNSENT = 1024 * 1024
SWEEP_SECONDS = 0.25
LINGER_SECONDS = 5.0


class Peer:
    def __init__(self, sock: socket.socket) -> None:
        self.sock, self.connection, self.unsent = sock, core.Connection(), b""
        self.lingers_until: float | None = None

    def ready(self, events: int) -> int:
        """Do what the socket is ready for; return what to wait for next, 0 for nothing."""
        connection = self.connection
        data = self.sock.recv(65_536) if events & selectors.EVENT_READ else None
        if self.lingers_until is not None:
            over = data == b"" or time.monotonic() > self.lingers_until
            return 0 if over else selectors.EVENT_READ
        if data is not None:
            connection.receive_data(data) if data else connection.receive_eof()
        try:
            while len(self.unsent) < MOST_UNSENT and self.answer_next():
                self.unsent += connection.data_to_send()
        except core.RemoteProtocolError:
            pass  # what it is answered is among the data to send
        self.unsent += connection.data_to_send()
        with contextlib.suppress(BlockingIOError):
            self.unsent = self.unsent[self.sock.send(self.unsent) :]
        if self.unsent:
            # Nothing more is read from a client that does not read.
            return selectors.EVENT_WRITE
        if connection.closing is core.Closing.LINGER:
            # The client may still be sending: let it read the answer, not a reset.
            self.sock.shutdown(socket.SHUT_WR)
            self.lingers_until = time.monotonic() + LINGER_SECONDS
        return 0 if connection.closing is core.Closing.NOW else selectors.EVENT_READ

    def answer_next(self) -> bool:
        event = self.connection.next_event()
        match event:
            case core.Request(upgrade=b"websocket"):
                self.connection.send(core.AcceptWebSocket())
            case core.Request():
                self.connection.send(*NOT_HERE)
            case core.EndOfMessage():
                self.connection.finish_cycle()  # unless a WebSocket begins here
            case core.TextMessage() | core.BytesMessage():
                self.connection.send(event)
            case core.ConnectionClosed() if self.connection.closing is core.Closing.NO:
                self.connection.send_failed()
        return not isinstance(event, core.Signal | core.ConnectionClosed)


def serve(listener: socket.socket) -> None:
    selector = selectors.DefaultSelector()
    selector.register(listener, selectors.EVENT_READ)
    while True:
        ready = {key.fileobj: events for key, events in selector.select(SWEEP_SECONDS)}
        if listener in ready:
            sock, _ = listener.accept()
            sock.setblocking(False)
            selector.register(sock, selectors.EVENT_READ, Peer(sock))
        for key in tuple(selector.get_map().values()):
            if isinstance(peer := key.data, Peer):
                peer.connection.handle_timeout(time.monotonic())
                try:
                    wanted = peer.ready(ready.get(peer.sock, 0))
                except OSError:
                    wanted = 0
                if wanted:
                    selector.modify(peer.sock, wanted, peer)
                else:
                    selector.unregister(peer.sock)
                    peer.sock.close()


if __name__ == "__main__":
    with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as listener:
        print("http://{}:{}".format(*listener.getsockname()), flush=True)
        serve(listener)
