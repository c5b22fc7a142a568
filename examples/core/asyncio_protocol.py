"""Says hello over HTTP as an `asyncio.Protocol`: `tremolo_core` and the standard library."""

import asyncio
import sys

from tremolo_core import (
    Closing,
    Connection,
    ConnectionClosed,
    Data,
    EndOfMessage,
    Headers,
    RemoteProtocolError,
    Response,
    Signal,
)

HELLO = b"Hello world!"
FIELDS = ((b"content-type", b"text/plain"), (b"content-length", b"%d" % len(HELLO)))
ANSWER = (Response(status=200, headers=Headers(FIELDS)), Data(data=HELLO), EndOfMessage())

SWEEP_SECONDS = 0.25
LINGER_SECONDS = 5.0


class Hello(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.connection = Connection()
        self.loop = asyncio.get_running_loop()
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.lingering = False
        self.timer = self.loop.call_later(SWEEP_SECONDS, self.look_at_the_clock)

    def connection_lost(self, exc: Exception | None) -> None:
        self.timer.cancel()

    def data_received(self, data: bytes) -> None:
        if not self.lingering:
            self.connection.receive_data(data)
            self.go_on()

    def eof_received(self) -> bool:
        if self.lingering:
            return False
        self.connection.receive_eof()
        self.go_on()
        return not self.transport.is_closing()

    def look_at_the_clock(self) -> None:
        self.timer = self.loop.call_later(SWEEP_SECONDS, self.look_at_the_clock)
        self.connection.handle_timeout(self.loop.time())
        self.go_on()

    def go_on(self) -> None:
        try:
            while self.answer_next():
                pass
        except RemoteProtocolError:
            pass  # what it is answered is among the data to send
        if data := self.connection.data_to_send():
            self.transport.write(data)
        if self.connection.closing is Closing.LINGER:
            # The client may still be sending: let it read the answer, not a reset.
            self.lingering = True
            self.transport.write_eof()
            self.timer.cancel()
            self.timer = self.loop.call_later(LINGER_SECONDS, self.transport.abort)
        elif self.connection.closing is Closing.NOW:
            self.transport.close()

    def answer_next(self) -> bool:
        event = self.connection.next_event()
        if isinstance(event, EndOfMessage):
            self.connection.send(*ANSWER)
            if self.connection.closing is Closing.NO:
                self.connection.start_next_cycle()
        elif isinstance(event, ConnectionClosed):
            self.transport.close()
        return event is not Signal.NEED_DATA and not isinstance(event, ConnectionClosed)


async def main(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Hello, "127.0.0.1", port)
    print("http://{}:{}".format(*server.sockets[0].getsockname()), flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
