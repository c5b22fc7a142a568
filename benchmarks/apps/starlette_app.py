"""Hello by Starlette, the framework that most ASGI servers are used with."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route


async def returned(request: Request) -> PlainTextResponse:
    """Say hello."""
    return PlainTextResponse("Hello world!")


app = Starlette(routes=[Route("/return", returned)])
