"""What may be said in an answer, and how its body is framed, before anything is written."""

from collections.abc import Callable

import pytest

from tremolo_core import (
    ConnectionClosed,
    Data,
    EndOfMessage,
    Event,
    Headers,
    InformationalResponse,
    LocalProtocolError,
    Request,
    Response,
)
from tremolo_core.head import NOT_IN_TRAILERS
from tremolo_core.outgoing import Outgoing

LENGTH_5 = (b"content-length", b"5")
CHUNKED = (b"transfer-encoding", b"chunked")
CLOSE = (b"connection", b"close")
END = EndOfMessage()


def outgoing(
    method: bytes = b"GET", *, http_version: bytes = b"1.1", keep_alive: bool | None = None
) -> Outgoing:
    if keep_alive is None:
        keep_alive = http_version == b"1.1"
    return Outgoing(method=method, http_version=http_version, keep_alive=keep_alive)


def response(*fields: tuple[bytes, bytes], status: int = 200) -> Response:
    return Response(status=status, headers=Headers(fields))


def trailing(*fields: tuple[bytes, bytes]) -> EndOfMessage:
    return EndOfMessage(trailers=Headers(fields))


def written(draft: Outgoing, event: Event) -> tuple[tuple[bytes, bytes], ...]:
    """The fields of what is to be written for `event`."""
    judged = draft.judge(event)
    assert isinstance(judged, Response | InformationalResponse)
    assert isinstance(judged.headers, Headers)
    return judged.headers


# The head.


@pytest.mark.parametrize("status", [200, 299, 404, 418, 599])
def test_the_status_of_a_response(status: int) -> None:
    judged = outgoing().judge(response(status=status))
    assert isinstance(judged, Response)
    assert judged.status == status


@pytest.mark.parametrize("status", [-1, 0, 99, 100, 101, 199, 600, 1000])
def test_what_is_no_status_of_a_response(status: int) -> None:
    with pytest.raises(LocalProtocolError, match=rf"200 to 599, not {status}$"):
        outgoing().judge(response(status=status))


@pytest.mark.parametrize("status", [100, 102, 103, 199])
def test_the_status_of_an_informational_response(status: int) -> None:
    judged = outgoing().judge(InformationalResponse(status=status))
    assert isinstance(judged, InformationalResponse)
    assert judged.status == status


@pytest.mark.parametrize("status", [0, 99, 101, 200])
def test_what_is_no_status_of_an_informational_response(status: int) -> None:
    with pytest.raises(LocalProtocolError, match=rf"100 to 199 other than 101, not {status}$"):
        outgoing().judge(InformationalResponse(status=status))


@pytest.mark.parametrize(
    ("status", "phrase"),
    [
        (200, b"OK"),
        (404, b"Not Found"),
        (413, b"Content Too Large"),
        (414, b"URI Too Long"),
        (416, b"Range Not Satisfiable"),
        (422, b"Unprocessable Content"),
        (299, b""),
    ],
)
def test_the_registered_phrase(status: int, phrase: bytes) -> None:
    judged = outgoing().judge(response(status=status))
    assert isinstance(judged, Response)
    assert judged.reason == phrase


def test_another_phrase() -> None:
    judged = outgoing().judge(Response(status=200, reason=b"Tr\xe8s bien\t!"))
    assert isinstance(judged, Response)
    assert judged.reason == b"Tr\xe8s bien\t!"
    hints = outgoing().judge(InformationalResponse(status=103, reason=b"Hints"))
    assert isinstance(hints, InformationalResponse)
    assert hints.reason == b"Hints"


def test_an_informational_response_to_http_1_0_is_judged_and_not_written() -> None:
    draft = outgoing(http_version=b"1.0")
    assert draft.judge(InformationalResponse(status=103)) is None
    with pytest.raises(LocalProtocolError):
        draft.judge(InformationalResponse(status=200))
    with pytest.raises(LocalProtocolError):
        draft.judge(InformationalResponse(status=103, headers=Headers(((b"a b", b""),))))


@pytest.mark.parametrize("field", [LENGTH_5, CHUNKED])
def test_an_informational_response_frames_no_body(field: tuple[bytes, bytes]) -> None:
    with pytest.raises(LocalProtocolError, match="no body"):
        outgoing().judge(InformationalResponse(status=103, headers=Headers((field,))))


def test_names_are_put_in_lower_case_and_values_lose_white_space_around() -> None:
    fields = written(outgoing(), response((b"X-Y", b" \ta b\t "), LENGTH_5))
    assert fields == ((b"x-y", b"a b"), LENGTH_5)


INJECTIONS: dict[str, tuple[bytes, bytes]] = {
    "a line end in a value": (b"x", b"y\r\nset-cookie: z"),
    "a line end at a value's end": (b"x", b"y\r\n"),
    "a CR in a value": (b"x", b"y\rz"),
    "an LF in a value": (b"x", b"y\nz"),
    "an LF at a value's end": (b"x", b"y\n"),
    "a fold in a value": (b"x", b"y\r\n z"),
    "a NUL in a value": (b"x", b"y\0"),
    "a DEL in a value": (b"x", b"y\x7fz"),
    "a vertical tab at a value's start": (b"x", b"\x0by"),
    "a line end in a name": (b"x: y\r\nz", b""),
    "an LF at a name's end": (b"x\n", b"y"),
    "a colon in a name": (b"x:", b"y"),
    "a space in a name": (b"x y", b"z"),
    "a space behind a name": (b"x ", b"y"),
    "a name that is not ASCII": (b"\xe9", b"y"),
    "no name": (b"", b"y"),
}


@pytest.mark.parametrize("field", INJECTIONS.values(), ids=INJECTIONS)
@pytest.mark.parametrize(
    "say",
    [
        lambda headers: Response(status=200, headers=headers),
        lambda headers: Response(status=204, headers=headers),
        lambda headers: InformationalResponse(status=103, headers=headers),
        lambda headers: EndOfMessage(trailers=headers),
    ],
    ids=["response", "no content", "informational", "trailers"],
)
def test_no_field_says_more_than_one(
    say: Callable[[Headers], Event], field: tuple[bytes, bytes]
) -> None:
    event = say(Headers(((b"before", b"it"), field)))
    draft = outgoing()
    if isinstance(event, EndOfMessage):
        draft.judge(response())
    with pytest.raises(LocalProtocolError, match=r"field name|control byte"):
        draft.judge(event)


@pytest.mark.parametrize("reason", [b"OK\r\nset-cookie: a", b"OK\n", b"OK\r", b"\0", b"\x7f"])
def test_no_phrase_says_more_than_that(reason: bytes) -> None:
    with pytest.raises(LocalProtocolError, match="reason phrase"):
        outgoing().judge(Response(status=200, reason=reason))
    with pytest.raises(LocalProtocolError, match="reason phrase"):
        outgoing().judge(InformationalResponse(status=103, reason=reason))


def test_an_error_does_not_repeat_a_value() -> None:
    with pytest.raises(LocalProtocolError) as caught:
        outgoing().judge(response((b"set-cookie", b"secret\r\n")))
    assert "set-cookie" in str(caught.value)
    assert "secret" not in str(caught.value)


# How the body is framed.


def test_a_declared_length() -> None:
    draft = outgoing()
    assert written(draft, response(LENGTH_5)) == (LENGTH_5,)
    assert draft.judge(Data(data=b"he")) == Data(data=b"he")
    assert draft.judge(Data(data=b"")) is None
    assert draft.judge(Data(data=b"llo")) == Data(data=b"llo")
    assert draft.judge(END) == END
    assert draft.keep_alive


def test_more_than_was_declared() -> None:
    draft = outgoing()
    draft.judge(response(LENGTH_5))
    draft.judge(Data(data=b"hell"))
    with pytest.raises(LocalProtocolError, match="2 bytes of body where only 1 more"):
        draft.judge(Data(data=b"o!"))
    assert draft.judge(Data(data=b"o")) == Data(data=b"o")
    with pytest.raises(LocalProtocolError, match="1 bytes of body where only 0 more"):
        draft.judge(Data(data=b"!"))


@pytest.mark.parametrize(("sent", "missing"), [(b"", 5), (b"hell", 1)])
def test_less_than_was_declared(sent: bytes, missing: int) -> None:
    draft = outgoing()
    draft.judge(response(LENGTH_5))
    draft.judge(Data(data=sent))
    with pytest.raises(LocalProtocolError, match=f"ends {missing} bytes before"):
        draft.judge(END)


@pytest.mark.parametrize("fields", [(), (CHUNKED,), ((b"Transfer-Encoding", b" CHUNKED "),)])
def test_no_declared_length_is_chunked(fields: tuple[tuple[bytes, bytes], ...]) -> None:
    draft = outgoing()
    assert written(draft, response((b"x", b"y"), *fields)) == ((b"x", b"y"), CHUNKED)
    assert draft.judge(Data(data=b"hello")) == Data(data=b"hello")
    assert draft.judge(END) == END
    assert draft.keep_alive


@pytest.mark.parametrize("fields", [(), (CHUNKED,)])
def test_to_http_1_0_the_end_of_the_connection_is_the_end_of_the_body(
    fields: tuple[tuple[bytes, bytes], ...],
) -> None:
    draft = outgoing(http_version=b"1.0")
    assert written(draft, response(*fields)) == (CLOSE,)
    assert draft.judge(Data(data=b"hello")) == Data(data=b"hello")
    assert draft.judge(END) == END
    assert not draft.keep_alive


def test_a_declared_length_to_http_1_0() -> None:
    draft = outgoing(http_version=b"1.0")
    assert written(draft, response(LENGTH_5)) == (LENGTH_5, CLOSE)
    draft.judge(Data(data=b"hello"))
    with pytest.raises(LocalProtocolError, match="1 bytes of body where only 0"):
        draft.judge(Data(data=b"!"))


@pytest.mark.parametrize("length", [b"", b"-1", b"+1", b"1, 1", b"1 1", b"0x1", b"1.0", b"9" * 19])
def test_what_is_no_length(length: bytes) -> None:
    with pytest.raises(LocalProtocolError, match="Content-Length is one number"):
        outgoing().judge(response((b"content-length", length)))


@pytest.mark.parametrize("status", [200, 204, 304])
def test_a_length_is_given_once(status: int) -> None:
    with pytest.raises(LocalProtocolError, match="Content-Length is one number"):
        outgoing().judge(response(LENGTH_5, LENGTH_5, status=status))


@pytest.mark.parametrize("codings", [[b"gzip"], [b"gzip, chunked"], [b"chunked"] * 2, [b""]])
def test_chunked_is_the_only_coding(codings: list[bytes]) -> None:
    fields = [(b"transfer-encoding", coding) for coding in codings]
    with pytest.raises(LocalProtocolError, match="one chunked"):
        outgoing().judge(response(*fields))


@pytest.mark.parametrize("http_version", [b"1.0", b"1.1"])
def test_a_length_or_a_coding_and_not_both(http_version: bytes) -> None:
    with pytest.raises(LocalProtocolError, match="not both"):
        outgoing(http_version=http_version).judge(response(LENGTH_5, CHUNKED))


@pytest.mark.parametrize(
    ("status", "fields", "kept"),
    [
        (204, (), ()),
        (204, (LENGTH_5,), ()),
        (204, ((b"content-length", b"0"), (b"x", b"y")), ((b"x", b"y"),)),
        (204, (CHUNKED,), ()),
        (304, (), ()),
        (304, (LENGTH_5,), (LENGTH_5,)),
        (304, (CHUNKED,), ()),
    ],
)
@pytest.mark.parametrize("method", [b"GET", b"HEAD"])
def test_no_content_and_not_modified_have_no_body(
    method: bytes,
    status: int,
    fields: tuple[tuple[bytes, bytes], ...],
    kept: tuple[tuple[bytes, bytes], ...],
) -> None:
    draft = outgoing(method)
    assert written(draft, response(*fields, status=status)) == kept
    assert draft.judge(Data(data=b"")) is None
    with pytest.raises(LocalProtocolError, match="204 or 304"):
        draft.judge(Data(data=b"a"))
    assert draft.judge(END) == END


def test_the_answer_to_head_is_counted_and_not_written() -> None:
    draft = outgoing(b"HEAD")
    assert written(draft, response(LENGTH_5)) == (LENGTH_5,)
    assert draft.judge(Data(data=b"hell")) is None
    with pytest.raises(LocalProtocolError, match="2 bytes of body where only 1"):
        draft.judge(Data(data=b"o!"))
    assert draft.judge(Data(data=b"o")) is None
    assert draft.judge(END) == END


@pytest.mark.parametrize("sent", [b"", b"hell"])
def test_the_answer_to_head_may_leave_the_body_out(sent: bytes) -> None:
    draft = outgoing(b"HEAD")
    draft.judge(response(LENGTH_5))
    draft.judge(Data(data=sent))
    assert draft.judge(END) == END


def test_the_answer_to_head_without_a_length() -> None:
    draft = outgoing(b"HEAD")
    assert written(draft, response()) == (CHUNKED,)
    assert draft.judge(Data(data=b"hello")) is None
    assert draft.judge(trailing((b"x", b"y"))) == END


def test_methods_are_case_sensitive() -> None:
    draft = outgoing(b"head")
    draft.judge(response(LENGTH_5))
    assert draft.judge(Data(data=b"hello")) == Data(data=b"hello")


# Trailers.


def test_trailers_behind_chunks() -> None:
    draft = outgoing()
    draft.judge(response())
    assert draft.judge(trailing((b"X-Sum", b" 1 "))) == trailing((b"x-sum", b"1"))


def test_trailers_are_left_out_where_they_cannot_be_told() -> None:
    for draft in (outgoing(http_version=b"1.0"), outgoing(b"HEAD")):
        draft.judge(response())
        assert draft.judge(trailing((b"x", b"y"))) == END


@pytest.mark.parametrize("head", [response(LENGTH_5), response(status=204), response(status=304)])
def test_trailers_need_chunks(head: Response) -> None:
    draft = outgoing()
    draft.judge(head)
    if head.status == 200:
        draft.judge(Data(data=b"hello"))
    with pytest.raises(LocalProtocolError, match="only a chunked body"):
        draft.judge(trailing((b"x", b"y")))


@pytest.mark.parametrize("name", sorted(NOT_IN_TRAILERS))
@pytest.mark.parametrize("http_version", [b"1.0", b"1.1"])
def test_what_belongs_into_the_head_is_no_trailer(http_version: bytes, name: bytes) -> None:
    draft = outgoing(http_version=http_version)
    draft.judge(response())
    with pytest.raises(LocalProtocolError, match="only a head may have"):
        draft.judge(trailing((b"x", b"y"), (name.title(), b"1")))


# Whether it is the last.


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ([b"close"], [b"close"]),
        ([b"Close"], [b"close"]),
        ([b"upgrade, CLOSE"], [b"close", b"upgrade"]),
        ([b"keep-alive", b"x, close"], [b"close", b"x"]),
    ],
)
def test_a_response_may_be_the_last(given: list[bytes], sent: list[bytes]) -> None:
    draft = outgoing()
    fields = [(b"connection", options) for options in given]
    closing = [(b"connection", option) for option in sent]
    assert written(draft, response(*fields, LENGTH_5)) == (LENGTH_5, *closing)
    assert not draft.keep_alive


@pytest.mark.parametrize("given", [[], [b"keep-alive"], [b"closed"], [b"upgrade"]])
def test_a_response_that_says_nothing_of_the_end(given: list[bytes]) -> None:
    draft = outgoing()
    fields = [(b"connection", options) for options in given]
    assert written(draft, response(*fields, LENGTH_5)) == (*fields, LENGTH_5)
    assert draft.keep_alive


@pytest.mark.parametrize("given", [[], [b"keep-alive"], [b"close"]])
def test_who_will_not_be_kept_is_told(given: list[bytes]) -> None:
    draft = outgoing(keep_alive=False)
    fields = [(b"connection", options) for options in given]
    assert written(draft, response(*fields, LENGTH_5)) == (LENGTH_5, CLOSE)


def test_leaving_is_the_end_and_not_written() -> None:
    draft = outgoing()
    assert draft.judge(ConnectionClosed()) is None
    assert not draft.keep_alive


def test_a_server_asks_nothing() -> None:
    with pytest.raises(LocalProtocolError, match="Request is no part of an answer"):
        outgoing().judge(Request(method=b"GET", target=b"/", headers=Headers()))


# Drafts.


def test_a_draft_begins_where_its_original_is() -> None:
    original = outgoing(b"HEAD")
    original.judge(response(LENGTH_5, CLOSE))
    original.judge(Data(data=b"hel"))
    draft = original.copy()
    assert not draft.keep_alive
    assert draft.begun
    with pytest.raises(LocalProtocolError, match="3 bytes of body where only 2"):
        draft.judge(Data(data=b"lo!"))
    assert draft.judge(Data(data=b"lo")) is None, "it is the answer to HEAD"
    old = outgoing(http_version=b"1.0").copy()
    assert old.judge(InformationalResponse(status=103)) is None


def test_only_a_final_answer_is_a_beginning() -> None:
    draft = outgoing()
    draft.judge(InformationalResponse(status=103))
    with pytest.raises(LocalProtocolError):
        draft.judge(response(status=600))
    assert not draft.begun
    draft.judge(response())
    assert draft.begun


def test_what_becomes_of_a_draft_does_not_touch_its_original() -> None:
    original = outgoing()
    original.judge(response(LENGTH_5))
    draft = original.copy()
    draft.judge(Data(data=b"hello"))
    draft.judge(ConnectionClosed())
    assert original.keep_alive
    assert original.judge(Data(data=b"hello")) == Data(data=b"hello")
