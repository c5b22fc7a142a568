import anyio

from tremolo import Tremolo

app = Tremolo()
notes = {}


@app.route("/notes", methods=["POST"])
async def save(request, **server):
    text = await request.body()
    if not text:
        raise ValueError("an empty note")
    notes[len(notes) + 1] = text
    return {"id": len(notes)}


@app.route("/notes/last")
async def last(**server):
    return notes[len(notes)]


@app.route("/upper")
async def upper(request, **server):
    return (await request.body()).upper()


@app.route("/countdown")
async def countdown(content_type="text/event-stream", **server):
    for number in (3, 2, 1):
        yield f"data: {number}\n\n".encode()
        await anyio.sleep(30)


@app.route("/lyrics")
async def lyrics(content_type="text/plain", **server):
    for number in range(99, 0, -1):
        yield f"{number} bottles of beer on the wall\n".encode()


@app.route("/shouts")
async def shouts(websocket=None, **server):
    async for text in websocket:
        await websocket.send(text.upper())
