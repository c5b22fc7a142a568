"""What every application here does, with Falcon."""

import falcon
import falcon.asgi


class Life:
    pool = ""

    async def process_startup(self, scope, event):
        self.pool = "started"

    async def process_shutdown(self, scope, event):
        print("shut down", flush=True)


class Hello:
    async def on_get(self, request, response):
        response.content_type = falcon.MEDIA_TEXT
        response.text = "hello"


class Stream:
    async def on_get(self, request, response):
        async def body():
            for number in range(1_000):
                yield f"{number},".encode()

        response.stream = body()


class Upload:
    async def on_post(self, request, response):
        size = 0
        async for piece in request.stream:
            size += len(piece)
        response.text = str(size)


class Started:
    async def on_get(self, request, response):
        response.text = life.pool


class Echo:
    async def on_websocket(self, request, websocket):
        try:
            await websocket.accept(subprotocol=next(iter(websocket.subprotocols), None))
            while (text := await websocket.receive_text()) != "close":
                await websocket.send_text(f"echo {text}")
        except falcon.WebSocketDisconnected:
            return
        await websocket.close(4001, "enough")


life = Life()
app = falcon.asgi.App(middleware=[life])
app.add_route("/hello", Hello())
app.add_route("/stream", Stream())
app.add_route("/upload", Upload())
app.add_route("/lifespan", Started())
app.add_route("/ws", Echo())
