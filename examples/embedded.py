import anyio

from tremolo import Tremolo, serve

app = Tremolo()


@app.route("/hello")
async def hello_world(**server):
    return "Hello from inside!\n"


async def main():
    # It accepts once the block is entered, and has stopped when the block is left.
    async with serve(app, host="127.0.0.1", port=0) as server:
        host, port = server.addresses[0]

        async with await anyio.connect_tcp(host, port) as client:
            await client.send(b"GET /hello HTTP/1.1\r\nHost: inside\r\nConnection: close\r\n\r\n")
            async for data in client:
                print(data.decode())


if __name__ == "__main__":
    anyio.run(main)
