"""A request as handlers on the event loop see it: its head, and its body by `await`.

A plain function runs in a worker thread and is given a `BlockingRequest`.
"""

import json
from collections.abc import AsyncIterator
from typing import Any, NoReturn

from anyio import fail_after

from tremolo_transport.exchange import Exchange

from .exceptions import BadRequest, PayloadTooLarge
from .form_heads import MULTIPART, read_boundary
from .forms import FormLimits, form_type, read_form_body, read_parts
from .multipart_files import Files, MultipartFile
from .parts import Parts
from .request_body import RequestBody
from .request_head import RequestHead

__all__ = ("Request",)


def _no_json(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number of JSON (RFC 8259 6)")


class Request(RequestHead):
    """One request. Its body can be read once, by whichever method, from wherever the last stopped.

    Reading raises ClientDisconnected if the client leaves, or if its body is
    refused because it is larger than `client_max_body_size`: it has been
    answered 413 then. A handler need not catch it.
    """

    __slots__ = ("_body", "_body_limit", "_buffer_size", "_form", "_parts", "_whole", "timeout")

    def __init__(self, exchange: Exchange, body_limit: int | None, buffer_size: int) -> None:
        # By position, as whoever calls a class with keywords waits twice as long; and not by
        # `super()`, which makes an object for that until Python 3.12.
        RequestHead.__init__(self, exchange)
        self._body_limit = body_limit
        self._buffer_size = buffer_size
        self._body: RequestBody | None = None
        self._whole: bytes | None = None
        self._form: dict[str, list[str]] | None = None
        self._parts: Parts | None = None
        self.timeout: float | None = None
        """Seconds; for `stream`, `read`, `recv` and `body` where these are told no `timeout`.

        None leaves it to the server's own time-outs.
        """

    def stream(self, timeout: float | None = None, *, raw: bool = False) -> AsyncIterator[bytes]:
        """Iterate over the body as it arrives, in pieces of at most `buffer_size` bytes.

        Raises TimeoutError, which is answered 408, if one takes longer than
        `timeout` seconds. `raw` is for applications written for other servers
        and changes nothing: the transfer coding is always taken off.
        """
        return self._reader.pieces(self.timeout if timeout is None else timeout)

    async def read(self, size: int = -1, *, timeout: float | None = None) -> bytes:
        """Return `size` bytes of the body, or what is left if that is less.

        A negative size asks for the next piece. Nothing is returned only at the
        end. Raises TimeoutError, which is answered 408, if it takes longer than
        `timeout` seconds; what has come by then can still be read.
        """
        reading = self._reader.next_piece() if size < 0 else self._reader.read(size)
        if timeout is None:
            timeout = self.timeout
        if timeout is None:
            return await reading
        with fail_after(timeout):
            return await reading

    async def recv(
        self, size: int = -1, *, timeout: float | None = None, raw: bool = True
    ) -> bytes:
        """The same as `read`; `raw` changes nothing, as in `stream`."""
        return await self.read(size, timeout=timeout)

    async def body(self, *, timeout: float | None = None, raw: bool = False) -> bytes:
        """Return the body, or what other methods have left of it. Later calls return the same.

        `timeout` is for all of it, and `raw` changes nothing, as in `stream`.
        """
        if self._whole is None:
            if timeout is None:
                timeout = self.timeout
            if timeout is None:
                self._whole = await self._reader.read_all()
            else:
                with fail_after(timeout):
                    self._whole = await self._reader.read_all()
        return self._whole

    async def json(self) -> Any:
        """Return what the body says in JSON, whatever its type is said to be.

        Raises BadRequest if it is no JSON (RFC 8259).
        """
        try:
            return json.loads(await self.body(), parse_constant=_no_json)
        except (ValueError, RecursionError) as error:
            raise BadRequest("the body is no JSON", cause=error) from error

    async def form(
        self, max_fields: int = 100, *, max_size: int = 8_388_608
    ) -> dict[str, list[str]]:
        """Return the fields of a form, urlencoded or multipart, by name, as text in UTF-8.

        Fields without a value are left out. Later calls return the same, which
        is also `context.post`; `context.files` has the files of a form with such,
        as `files` gives them, by name. Raises BadRequest if the body is no form,
        or a malformed one, PayloadTooLarge if it has more than `max_size` bytes or
        `max_fields` fields and files, RuntimeError without the extra `forms`, which
        multipart needs. A cancelled call has lost what it had read of that.
        """
        if self._form is None:
            limits = FormLimits(fields=max_fields, size=max_size)
            if form_type(self.content_type).essence == MULTIPART:
                form = await read_parts(self.parts(), limits)
            else:
                form = await read_form_body(self._reader, limits)
            self._form = form.fields
            self.context["post"] = form.fields
            self.context["files"] = form.files
        return self._form

    def files(
        self, max_files: int = 1_024, *, max_file_size: int = 104_857_600
    ) -> AsyncIterator[MultipartFile]:
        """Iterate over the parts of a multipart form as dictionaries with their data.

        A part that has more than `max_file_size` bytes comes in several; so
        many bytes are held at a time. It ends after `max_files` parts, and
        another call goes on where the last has stopped. Raises as `parts` does.
        """
        return Files(self.parts(), count=max_files, size=max_file_size)

    def parts(self) -> Parts:
        """Iterate over the parts of a multipart form as they arrive, without holding their data.

        Raises BadRequest if the body is no such form, or a malformed one;
        RuntimeError without the extra `forms`.
        """
        if self._parts is None:
            self._parts = Parts(self._reader, read_boundary(form_type(self.content_type)))
        return self._parts

    def eof(self) -> bool:
        """Whether all of the body has been read."""
        return self._reader.ended

    @property
    def body_size(self) -> int:
        """How many bytes of the body have been read by now."""
        return 0 if self._body is None else self._body.size

    def set_body_limit(self, size: int | None) -> None:
        """Take a body of at most `size` bytes, or with None of any size, if none is read yet.

        Raises PayloadTooLarge if the client has announced a larger one.
        """
        if size is not None and self.content_length > size:
            raise PayloadTooLarge
        self._body_limit = size

    def set_buffer_size(self, size: int) -> None:
        """From now on, `stream` and `read` give pieces of at most `size` bytes."""
        self._buffer_size = size
        if self._body is not None:
            self._body.piece_size = size

    @property
    def _reader(self) -> RequestBody:
        # Made when it is asked for, which most handlers never do.
        if self._body is None:
            self._body = RequestBody(
                self.exchange, limit=self._body_limit, piece_size=self._buffer_size
            )
        return self._body
