from tremolo import Tremolo

app = Tremolo()


@app.route("/hello")
async def hello_world(**server):
    return "Hello world!", "latin-1"


@app.route("/stream")
async def stream(content_type="text/plain; charset=utf-8", **server):
    for word in ("one ", "piece ", "after ", "the ", "other\n"):
        yield word.encode()


@app.route("/plain")
def plain(**server):
    return "This is an ordinary function. It runs in a thread.\n"


@app.route("/my/url/big.data")
async def my_big_data(content_type="application/octet-stream", **server):
    buffer_size = server["context"].options["buffer_size"]

    with open("big.data", "rb") as f:
        chunk = True

        while chunk:
            chunk = f.read(buffer_size)
            yield chunk


if __name__ == "__main__":
    app.run("0.0.0.0", 8000, debug=True)
