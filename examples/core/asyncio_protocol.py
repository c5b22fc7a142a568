"""Says hello over HTTP as an `asyncio.Protocol`: `tremolo_core` and the standard library."""

import asyncio
import sys

import tremolo_core as core

HELLO = b"Hello world!"
FIELDS = ((b"content-type", b"text/plain"), (b"content-length", b"%d" % len(HELLO)))
HEAD = core.Response(status=200, headers=core.Headers(FIELDS))
ANSWER = (HEAD, core.Data(data=HELLO), core.EndOfMessage())

SWEEP_SECONDS = 0.25
LINGER_SECONDS = 5.0


class Hello(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.connection = core.Connection()
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

    def pause_writing(self) -> None:
        # A client that does not read its answers may not ask for more of them.
        self.transport.pause_reading()

    def resume_writing(self) -> None:
        self.transport.resume_reading()

    def look_at_the_clock(self) -> None:
        self.timer = self.loop.call_later(SWEEP_SECONDS, self.look_at_the_clock)
        self.connection.handle_timeout(self.loop.time())
        self.go_on()

    def go_on(self) -> None:
        try:
            while self.answer_next():
                pass
        except core.RemoteProtocolError:
            pass  # what it is answered is among the data to send
        if data := self.connection.data_to_send():
            self.transport.write(data)
        if self.connection.closing is core.Closing.LINGER:
            # The client may still be sending: let it read the answer, not a reset.
            self.lingering = True
            self.transport.write_eof()
            self.timer.cancel()
            self.timer = self.loop.call_later(LINGER_SECONDS, self.transport.abort)
        elif self.connection.closing is core.Closing.NOW:
            self.transport.close()

    def answer_next(self) -> bool:
        event = self.connection.next_event()
        if isinstance(event, core.EndOfMessage):
            self.connection.send(*ANSWER)
            if self.connection.closing is core.Closing.NO:
                self.connection.start_next_cycle()
        elif isinstance(event, core.ConnectionClosed):
            self.transport.close()
        elif self.connection.they_await_continue and event is core.Signal.NEED_DATA:
            self.connection.send(core.InformationalResponse(status=100))
        return not isinstance(event, core.Signal | core.ConnectionClosed)


async def main(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Hello, "127.0.0.1", port)
    print("http://{}:{}".format(*server.sockets[0].getsockname()), flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
