"""The one place that imports httpx, so that its absence is one clear line."""

try:
    import httpx as httpx
except ImportError:
    raise ImportError(
        "tremolo.testing needs httpx: pip install 'tremolo-anyio[testing]'", name="httpx"
    ) from None

__all__ = ()
