"""Echoes WebSocket messages on a bare `selectors` loop: `tremolo_core` and the standard library."""

import selectors
import socket
import sys
import time

from tremolo_core import (
    AcceptWebSocket,
    BytesMessage,
    Closing,
    Connection,
    ConnectionClosed,
    EndOfMessage,
    Headers,
    RemoteProtocolError,
    Request,
    Response,
    Signal,
    TextMessage,
)

NOT_HERE = (Response(status=404, headers=Headers(((b"content-length", b"0"),))), EndOfMessage())
MOST_UNSENT = 1024 * 1024
SWEEP_SECONDS = 0.25


class Peer:
    def __init__(self, sock: socket.socket) -> None:
        self.sock, self.connection, self.unsent = sock, Connection(), b""

    def ready(self, events: int) -> int:
        """Do what the socket is ready for; return what to wait for next, 0 for nothing."""
        connection = self.connection
        if events & selectors.EVENT_READ:
            data = self.sock.recv(65_536)
            connection.receive_data(data) if data else connection.receive_eof()
        try:
            while len(self.unsent) < MOST_UNSENT and self.answer_next():
                self.unsent += connection.data_to_send()
        except RemoteProtocolError:
            pass  # what it is answered is among the data to send
        self.unsent += connection.data_to_send()
        if self.unsent:
            self.unsent = self.unsent[self.sock.send(self.unsent) :]
        if self.unsent:
            # Nothing more is read from a client that does not read.
            return selectors.EVENT_WRITE
        return selectors.EVENT_READ if connection.closing is Closing.NO else 0

    def answer_next(self) -> bool:
        event = self.connection.next_event()
        match event:
            case Request(upgrade=b"websocket"):
                self.connection.send(AcceptWebSocket())
            case Request():
                self.connection.send(*NOT_HERE)
            case TextMessage() | BytesMessage():
                self.connection.send(event)
            case ConnectionClosed() if self.connection.closing is Closing.NO:
                self.connection.send_failed()
        return not isinstance(event, Signal | ConnectionClosed)


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
