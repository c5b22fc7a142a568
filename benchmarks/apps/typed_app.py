"""The framework in its typed style, which only we have."""

from tremolo import Tremolo

app = Tremolo()


@app.get("/return")
async def returned() -> bytes:
    """Say hello."""
    return b"Hello world!"
