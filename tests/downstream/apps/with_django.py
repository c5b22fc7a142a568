"""What every application here does, with Django and Channels, which know no lifespan."""

import django
from django.conf import settings
from django.http import HttpResponse, StreamingHttpResponse
from django.urls import path

settings.configure(
    ALLOWED_HOSTS=["*"],
    DATA_UPLOAD_MAX_MEMORY_SIZE=None,
    INSTALLED_APPS=["channels"],
    MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
    ROOT_URLCONF=__name__,
    SECRET_KEY="downstream",
)
django.setup()

from channels.generic.websocket import AsyncWebsocketConsumer  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.core.asgi import get_asgi_application  # noqa: E402


def hello(request):
    return HttpResponse("hello")


async def stream(request):
    async def body():
        for number in range(1_000):
            yield f"{number},"

    return StreamingHttpResponse(body())


async def upload(request):
    size = 0
    while piece := request.read(65_536):
        size += len(piece)
    return HttpResponse(str(size))


class Consumer(AsyncWebsocketConsumer):
    async def connect(self):
        await self.accept(next(iter(self.scope["subprotocols"]), None))

    async def receive(self, text_data=None, bytes_data=None):
        if text_data == "close":
            await self.close(4001, "enough")
            return
        await self.send(f"echo {text_data}")


urlpatterns = [
    path("hello", hello),
    path("stream", stream),
    path("upload", upload),
]

app = ProtocolTypeRouter(
    {
        "http": get_asgi_application(),
        "websocket": URLRouter([path("ws", Consumer.as_asgi())]),
    }
)
