"""Makes a request that is like an earlier one by copying that: a tenth of the work.

URLs and fields are merged by httpx, which has made the first of each kind. How they
are sent is the business of `short_way`.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final, TypeAlias

from .needs_httpx import httpx

__all__ = ("KeptRequests", "kept_url")

_AnyClient: TypeAlias = httpx.AsyncClient | httpx.Client

_MOST_KEPT: Final = 256
"""Requests, and URLs, of one client; and requests of all."""

_of_all: dict[tuple[object, ...], httpx.Request] = {}
"""By all that they are made of, those that clients have made: most tests have a new client each."""


class KeptRequests:
    """Those that one client has made, as long as its settings are what they were."""

    def __init__(self, client: _AnyClient, build: Callable[..., httpx.Request]) -> None:
        """`build` is httpx's own `build_request` of `client`."""
        self._client = client
        self._build = build
        self._kept: dict[tuple[str, str], httpx.Request] = {}
        """By method and URL, those with nothing else to tell them apart."""
        self._urls: dict[str, httpx.URL] = {}
        """As they are once they are merged with the client's."""
        self._base_url = client.base_url
        self._fields = client.headers.raw
        """Of the client's, what all of the above were made with."""

    def build(
        self, method: str, url: httpx.URL | str, arguments: Mapping[str, Any]
    ) -> httpx.Request:
        """As `build_request`."""
        client = self._client
        if not isinstance(url, str) or client.params:
            return self._build(method, url, **arguments)
        if client.base_url is not self._base_url or client.headers.raw != self._fields:
            self._forget()
        if _says_nothing(arguments) and not client.cookies:
            kept = self._kept.get((method, url))
            if kept is None:
                kept = self._kept[method, url] = self._first(method, url)
                self._keep_url(url, kept)
            request = httpx.Request(
                method,
                kept.url,
                headers=kept.headers,
                stream=kept.stream,
                extensions={"timeout": client.timeout.as_dict()},
            )
            # It is there, and so can be asked for.
            request.read()
            return request
        request = self._build(method, self._urls.get(url, url), **arguments)
        if arguments.get("params") is None:
            self._keep_url(url, request)
        return request

    def _first(self, method: str, url: str) -> httpx.Request:
        """One that nobody is to change, of this client or of another that is like it."""
        made_of = (type(self._client), method, url, self._base_url, *self._fields)
        request = _of_all.get(made_of)
        if request is None:
            if len(_of_all) >= _MOST_KEPT:
                _of_all.clear()
            request = _of_all[made_of] = self._build(method, url)
        return request

    def _keep_url(self, url: str, request: httpx.Request) -> None:
        if len(self._urls) >= _MOST_KEPT:
            self._urls.clear()
        if len(self._kept) > _MOST_KEPT:
            self._kept.clear()
        self._urls[url] = request.url

    def _forget(self) -> None:
        self._kept.clear()
        self._urls.clear()
        self._base_url = self._client.base_url
        self._fields = self._client.headers.raw


def _says_nothing(arguments: Mapping[str, Any]) -> bool:
    """Whether all that is given is what httpx takes for not given."""
    default = httpx.USE_CLIENT_DEFAULT
    for value in arguments.values():  # noqa: SIM110 (a generator would take twice as long)
        if value is not None and value is not default:
            return False
    return True


@lru_cache(_MOST_KEPT)
def kept_url(text: str) -> httpx.URL:
    """The URL; where every test has a client of the same, it is parsed once."""
    return httpx.URL(text)
