"""Socket.IO's server in front of an application that does what every other here does."""

import socketio
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

from tests.downstream.apps.with_starlette import app as starlette

pool = []

# Its client waits for the poll that runs when it leaves, which a ping ends.
server = socketio.AsyncServer(async_mode="asgi", ping_interval=1)


@server.event
async def say(client, text):
    await server.emit("said", f"echo {text}", to=client)


async def start():
    pool.append("started")


async def stop():
    print("shut down", flush=True)


async def started(request):
    return PlainTextResponse(pool[0])


# Socket.IO keeps the lifespan to itself.
inner = Starlette(routes=[Route("/lifespan", started), Mount("/", starlette)])
app = socketio.ASGIApp(server, inner, on_startup=start, on_shutdown=stop)
