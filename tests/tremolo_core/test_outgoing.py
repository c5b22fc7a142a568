"""What may be said in an answer, and how its body is framed, before anything is written."""

from collections.abc import Callable
from typing import TypeAlias

import pytest

from tests.cases import for_each
from tremolo_core import (
    AcceptWebSocket,
    BytesMessage,
    ConnectionClosed,
    Data,
    EndOfMessage,
    Event,
    Headers,
    InformationalResponse,
    Limits,
    LocalProtocolError,
    Request,
    Response,
    State,
    TextMessage,
)
from tremolo_core.answer_head import AnswerHead
from tremolo_core.head import NOT_IN_TRAILERS, parse_head
from tremolo_core.outgoing import UNASKED, Batch, Outgoing
from tremolo_core.standing import standing_of

from .framing import handshake

WhatIsSaid: TypeAlias = Response | InformationalResponse | Data | EndOfMessage

LENGTH_5 = (b"content-length", b"5")
CHUNKED = (b"transfer-encoding", b"chunked")
CLOSE = (b"connection", b"close")
END = EndOfMessage()

SENDING = standing_of(State.DONE, State.SEND_BODY)


def outgoing(
    method: bytes = b"GET", *, http_version: bytes = b"1.1", keep_alive: bool | None = None
) -> Outgoing:
    if keep_alive is None:
        keep_alive = http_version == b"1.1"
    fields = b"Host: a\r\n" if keep_alive else b"Host: a\r\nConnection: close\r\n"
    return asked(b"%b / HTTP/%b\r\n%b\r\n" % (method, http_version, fields))


def asked(raw: bytes) -> Outgoing:
    head = parse_head(raw, Limits())
    made = Outgoing()
    made.begin(head.method, head.meaning)
    return made


def response(*fields: tuple[bytes, bytes], status: int = 200) -> Response:
    return Response(status=status, headers=Headers(fields))


def trailing(*fields: tuple[bytes, bytes]) -> EndOfMessage:
    return EndOfMessage(trailers=Headers(fields))


def judge(draft: Outgoing, event: Event) -> WhatIsSaid | None:
    """What is to be written for `event`, which a server sends when it may; None for nothing."""
    if isinstance(event, ConnectionClosed):
        server = State.DONE
    else:
        server = State.SEND_BODY if draft.begun else State.SEND_RESPONSE
    batch = draft.judge((event,), standing_of(State.DONE, server), awaited=False)
    assert not batch.framed
    assert not batch.awaited
    if not batch.written:
        return None
    [to_write] = batch.written
    return to_write.response if isinstance(to_write, AnswerHead) else to_write


def written(draft: Outgoing, event: Event) -> tuple[tuple[bytes, bytes], ...]:
    """The fields of what is to be written for `event`."""
    judged = judge(draft, event)
    assert isinstance(judged, Response | InformationalResponse)
    assert isinstance(judged.headers, Headers)
    return judged.headers


def test_who_has_said_that_none_will_follow_is_known() -> None:
    assert [outgoing(keep_alive=going_on).their_last for going_on in (True, False)] == [False, True]
    assert outgoing(http_version=b"1.0").their_last
    assert Outgoing().their_last, "nobody has asked"
    # What we say ourselves comes before how the body is framed, as from h11.
    made = outgoing()
    assert written(made, response(CLOSE)) == (CLOSE, CHUNKED)
    assert not made.their_last
    assert written(outgoing(keep_alive=False), response(CLOSE)) == (CHUNKED, CLOSE)


# The head.


@pytest.mark.parametrize("status", [200, 299, 404, 418, 599])
def test_the_status_of_a_response(status: int) -> None:
    judged = judge(outgoing(), response(status=status))
    assert isinstance(judged, Response)
    assert judged.status == status


@pytest.mark.parametrize("status", [-1, 0, 99, 100, 101, 199, 600, 1000])
def test_what_is_no_status_of_a_response(status: int) -> None:
    with pytest.raises(LocalProtocolError, match=rf"200 to 599, not {status}$"):
        judge(outgoing(), response(status=status))


@pytest.mark.parametrize("status", [100, 102, 103, 199])
def test_the_status_of_an_informational_response(status: int) -> None:
    judged = judge(outgoing(), InformationalResponse(status=status))
    assert isinstance(judged, InformationalResponse)
    assert judged.status == status


@pytest.mark.parametrize("status", [0, 99, 101, 200])
def test_what_is_no_status_of_an_informational_response(status: int) -> None:
    with pytest.raises(LocalProtocolError, match=rf"100 to 199 other than 101, not {status}$"):
        judge(outgoing(), InformationalResponse(status=status))


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
    judged = judge(outgoing(), response(status=status))
    assert isinstance(judged, Response)
    assert judged.reason == phrase


def test_another_phrase() -> None:
    judged = judge(outgoing(), Response(status=200, reason=b"Tr\xe8s bien\t!"))
    assert isinstance(judged, Response)
    assert judged.reason == b"Tr\xe8s bien\t!"
    hints = judge(outgoing(), InformationalResponse(status=103, reason=b"Hints"))
    assert isinstance(hints, InformationalResponse)
    assert hints.reason == b"Hints"


def test_an_informational_response_to_http_1_0_is_judged_and_not_written() -> None:
    draft = outgoing(http_version=b"1.0")
    assert judge(draft, InformationalResponse(status=103)) is None
    with pytest.raises(LocalProtocolError):
        judge(draft, InformationalResponse(status=200))
    with pytest.raises(LocalProtocolError):
        judge(draft, InformationalResponse(status=103, headers=Headers(((b"a b", b""),))))


@pytest.mark.parametrize("field", [LENGTH_5, CHUNKED])
def test_an_informational_response_frames_no_body(field: tuple[bytes, bytes]) -> None:
    with pytest.raises(LocalProtocolError, match="no body"):
        judge(outgoing(), InformationalResponse(status=103, headers=Headers((field,))))


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


@for_each("field", INJECTIONS.values(), ids=INJECTIONS)
@for_each(
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
        judge(draft, response())
    with pytest.raises(LocalProtocolError, match=r"field name|control byte"):
        judge(draft, event)


@pytest.mark.parametrize("reason", [b"OK\r\nset-cookie: a", b"OK\n", b"OK\r", b"\0", b"\x7f"])
def test_no_phrase_says_more_than_that(reason: bytes) -> None:
    with pytest.raises(LocalProtocolError, match="reason phrase"):
        judge(outgoing(), Response(status=200, reason=reason))
    with pytest.raises(LocalProtocolError, match="reason phrase"):
        judge(outgoing(), InformationalResponse(status=103, reason=reason))


def test_an_error_does_not_repeat_a_value() -> None:
    with pytest.raises(LocalProtocolError) as caught:
        judge(outgoing(), response((b"set-cookie", b"secret\r\n")))
    assert "set-cookie" in str(caught.value)
    assert "secret" not in str(caught.value)


# How the body is framed.


def test_a_declared_length() -> None:
    draft = outgoing()
    assert written(draft, response(LENGTH_5)) == (LENGTH_5,)
    assert judge(draft, Data(data=b"he")) == Data(data=b"he")
    assert judge(draft, Data(data=b"")) is None
    assert judge(draft, Data(data=b"llo")) == Data(data=b"llo")
    assert judge(draft, END) == END
    assert draft.keep_alive


def test_more_than_was_declared() -> None:
    draft = outgoing()
    judge(draft, response(LENGTH_5))
    judge(draft, Data(data=b"hell"))
    with pytest.raises(LocalProtocolError, match="2 bytes of body where only 1 more"):
        judge(draft, Data(data=b"o!"))
    assert judge(draft, Data(data=b"o")) == Data(data=b"o")
    with pytest.raises(LocalProtocolError, match="1 bytes of body where only 0 more"):
        judge(draft, Data(data=b"!"))


@pytest.mark.parametrize(("sent", "missing"), [(b"", 5), (b"hell", 1)])
def test_less_than_was_declared(sent: bytes, missing: int) -> None:
    draft = outgoing()
    judge(draft, response(LENGTH_5))
    judge(draft, Data(data=sent))
    with pytest.raises(LocalProtocolError, match=f"ends {missing} bytes before"):
        judge(draft, END)


@pytest.mark.parametrize("fields", [(), (CHUNKED,), ((b"Transfer-Encoding", b" CHUNKED "),)])
def test_no_declared_length_is_chunked(fields: tuple[tuple[bytes, bytes], ...]) -> None:
    draft = outgoing()
    assert written(draft, response((b"x", b"y"), *fields)) == ((b"x", b"y"), CHUNKED)
    assert judge(draft, Data(data=b"hello")) == Data(data=b"hello")
    assert judge(draft, END) == END
    assert draft.keep_alive


@pytest.mark.parametrize("fields", [(), (CHUNKED,)])
def test_to_http_1_0_the_end_of_the_connection_is_the_end_of_the_body(
    fields: tuple[tuple[bytes, bytes], ...],
) -> None:
    draft = outgoing(http_version=b"1.0")
    assert written(draft, response(*fields)) == (CLOSE,)
    assert judge(draft, Data(data=b"hello")) == Data(data=b"hello")
    assert judge(draft, END) == END
    assert not draft.keep_alive


def test_a_declared_length_to_http_1_0() -> None:
    draft = outgoing(http_version=b"1.0")
    assert written(draft, response(LENGTH_5)) == (LENGTH_5, CLOSE)
    judge(draft, Data(data=b"hello"))
    with pytest.raises(LocalProtocolError, match="1 bytes of body where only 0"):
        judge(draft, Data(data=b"!"))


@pytest.mark.parametrize("length", [b"", b"-1", b"+1", b"1, 1", b"1 1", b"0x1", b"1.0", b"9" * 19])
def test_what_is_no_length(length: bytes) -> None:
    with pytest.raises(LocalProtocolError, match="Content-Length is one number"):
        judge(outgoing(), response((b"content-length", length)))


@pytest.mark.parametrize("status", [200, 204, 304])
def test_a_length_is_given_once(status: int) -> None:
    with pytest.raises(LocalProtocolError, match="Content-Length is one number"):
        judge(outgoing(), response(LENGTH_5, LENGTH_5, status=status))


@pytest.mark.parametrize(
    "codings", [[b"gzip"], [b"gzip, chunked"], [b"chunked"] * 2, [b""], [b"identity"] * 2]
)
def test_chunked_is_the_only_coding(codings: list[bytes]) -> None:
    fields = [(b"transfer-encoding", coding) for coding in codings]
    with pytest.raises(LocalProtocolError, match="one chunked"):
        judge(outgoing(), response(*fields))


@pytest.mark.parametrize("http_version", [b"1.0", b"1.1"])
@pytest.mark.parametrize("coding", [b"chunked", b"identity"])
def test_a_length_or_a_coding_and_not_both(http_version: bytes, coding: bytes) -> None:
    with pytest.raises(LocalProtocolError, match="not both"):
        judge(
            outgoing(http_version=http_version), response(LENGTH_5, (b"transfer-encoding", coding))
        )


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
    assert judge(draft, Data(data=b"")) is None
    with pytest.raises(LocalProtocolError, match="204 or 304"):
        judge(draft, Data(data=b"a"))
    assert judge(draft, END) == (None if method == b"HEAD" else END)


def test_the_answer_to_head_is_counted_and_not_written() -> None:
    draft = outgoing(b"HEAD")
    assert written(draft, response(LENGTH_5)) == (LENGTH_5,)
    assert judge(draft, Data(data=b"hell")) is None
    with pytest.raises(LocalProtocolError, match="2 bytes of body where only 1"):
        judge(draft, Data(data=b"o!"))
    assert judge(draft, Data(data=b"o")) is None
    assert judge(draft, END) is None


@pytest.mark.parametrize(
    ("method", "http_version", "head", "to_write"),
    [
        (b"GET", "1.1", response(LENGTH_5), 5),
        (b"GET", "1.0", response(), 5),
        (b"HEAD", "1.1", response(LENGTH_5), 0),
    ],
)
def test_what_is_written_elsewhere(
    method: bytes, http_version: str, head: Response, to_write: int
) -> None:
    draft = outgoing(method, http_version=http_version.encode())
    judge(draft, head)
    assert draft.judge_elsewhere(5, SENDING) == to_write
    judge(draft, END)


def test_nothing_may_be_written_elsewhere() -> None:
    draft = outgoing()
    judge(draft, response(LENGTH_5))
    assert draft.judge_elsewhere(0, SENDING) == 0
    assert draft.judge_elsewhere(5, SENDING) == 5


@pytest.mark.parametrize(
    ("head", "count", "server", "reason"),
    [
        (response(LENGTH_5), 6, State.SEND_BODY, "6 bytes of body where only 5"),
        (response(LENGTH_5), -1, State.SEND_BODY, "-1 bytes"),
        (response(), 5, State.SEND_BODY, "in chunks"),
        (response(status=304), 1, State.SEND_BODY, "no body"),
        (response(LENGTH_5), 5, State.DONE, "Data cannot be sent by a server in the state DONE"),
    ],
)
def test_what_cannot_be_written_elsewhere(
    head: Response, count: int, server: State, reason: str
) -> None:
    draft = outgoing()
    judge(draft, head)
    with pytest.raises(LocalProtocolError, match=reason):
        draft.judge_elsewhere(count, standing_of(State.DONE, server))
    if draft.is_chunked or head.status == 304:
        judge(draft, END)
    else:
        assert draft.judge_elsewhere(5, SENDING) == 5


@pytest.mark.parametrize("sent", [b"", b"hell"])
def test_the_answer_to_head_may_leave_the_body_out(sent: bytes) -> None:
    draft = outgoing(b"HEAD")
    judge(draft, response(LENGTH_5))
    judge(draft, Data(data=sent))
    assert judge(draft, END) is None


def test_the_answer_to_head_without_a_length() -> None:
    draft = outgoing(b"HEAD")
    assert written(draft, response()) == (CHUNKED,)
    assert judge(draft, Data(data=b"hello")) is None
    assert judge(draft, trailing((b"x", b"y"))) is None


def test_methods_are_case_sensitive() -> None:
    draft = outgoing(b"head")
    judge(draft, response(LENGTH_5))
    assert judge(draft, Data(data=b"hello")) == Data(data=b"hello")


# Trailers.


def test_trailers_behind_chunks() -> None:
    draft = outgoing()
    judge(draft, response())
    assert judge(draft, trailing((b"X-Sum", b" 1 "))) == trailing((b"x-sum", b"1"))


def test_trailers_are_left_out_where_they_cannot_be_told() -> None:
    for draft, end in ((outgoing(http_version=b"1.0"), END), (outgoing(b"HEAD"), None)):
        judge(draft, response())
        assert judge(draft, trailing((b"x", b"y"))) == end


@pytest.mark.parametrize("head", [response(LENGTH_5), response(status=204), response(status=304)])
def test_trailers_need_chunks(head: Response) -> None:
    draft = outgoing()
    judge(draft, head)
    if head.status == 200:
        judge(draft, Data(data=b"hello"))
    with pytest.raises(LocalProtocolError, match="only a chunked body"):
        judge(draft, trailing((b"x", b"y")))


@for_each("name", sorted(NOT_IN_TRAILERS))
@for_each("http_version", [b"1.0", b"1.1"])
def test_what_belongs_into_the_head_is_no_trailer(http_version: bytes, name: bytes) -> None:
    draft = outgoing(http_version=http_version)
    judge(draft, response())
    with pytest.raises(LocalProtocolError, match="only a head may have"):
        judge(draft, trailing((b"x", b"y"), (name.title(), b"1")))


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
    assert judge(draft, ConnectionClosed()) is None
    assert not draft.keep_alive


def test_a_server_asks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    request = Request(method=b"GET", target=b"/", headers=Headers())
    with pytest.raises(LocalProtocolError, match="Request cannot be sent by a server in the state"):
        judge(outgoing(), request)
    # Nor if the tables had it.
    here = standing_of(State.DONE, State.SEND_RESPONSE)
    monkeypatch.setitem(here.by_server, Request, (here, here))
    with pytest.raises(LocalProtocolError, match="Request is no part of an answer"):
        judge(outgoing(), request)


def test_plain_are_the_answers_of_http_1_1_whose_body_is_written() -> None:
    plain = [b"GET", b"POST", b"head"]
    assert all(outgoing(method).is_plain for method in plain)
    assert outgoing(keep_alive=False).is_plain
    others = [outgoing(b"HEAD"), outgoing(http_version=b"1.0"), asked_for_frames(), UNASKED]
    assert not any(draft.is_plain for draft in others)
    draft = outgoing(b"HEAD", http_version=b"1.0")
    assert not draft.is_plain


# Batches.

DATA = Data(data=b"hello")
HINTS = InformationalResponse(status=103)
CONTINUE = InformationalResponse(status=100)


def of(
    draft: Outgoing,
    *events: Event,
    client: State = State.DONE,
    server: State = State.SEND_RESPONSE,
    awaited: bool = False,
) -> Batch:
    return draft.judge(events, standing_of(client, server), awaited=awaited)


def states_of(batch: Batch) -> tuple[State, State]:
    return batch.standing.client, batch.standing.server


def test_events_that_are_sent_together() -> None:
    batch = of(outgoing(), HINTS, response(LENGTH_5), Data(data=b"he"), Data(data=b"llo"), END)
    assert states_of(batch) == (State.DONE, State.DONE)
    assert [type(event) for event in batch.written] == [
        *(InformationalResponse, AnswerHead, Data, Data, EndOfMessage)
    ]
    assert batch.framed == []


def test_an_answer_to_who_still_sends_changes_nothing_for_them() -> None:
    for events, server in (
        ((response(),), State.SEND_BODY),
        ((response(), DATA), State.SEND_BODY),
        ((response(), END), State.DONE),
    ):
        batch = of(outgoing(), *events, client=State.SEND_BODY)
        assert states_of(batch) == (State.SEND_BODY, server)


def test_no_events() -> None:
    batch = of(outgoing())
    assert states_of(batch) == (State.DONE, State.SEND_RESPONSE)
    assert (batch.written, batch.framed, batch.awaited) == ([], [], False)


def test_the_state_decides_what_may_come() -> None:
    with pytest.raises(LocalProtocolError, match=r"Data cannot .* in the state SEND_RESPONSE"):
        of(outgoing(), DATA)
    with pytest.raises(LocalProtocolError, match=r"Response cannot .* in the state SEND_BODY"):
        of(outgoing(), response(), response())
    with pytest.raises(LocalProtocolError, match=r"Data cannot .* in the state DONE"):
        of(outgoing(), response(), END, DATA)


def test_the_last_answer_leads_to_closing() -> None:
    batch = of(outgoing(keep_alive=False), response(LENGTH_5), DATA, END)
    assert states_of(batch) == (State.MUST_CLOSE, State.MUST_CLOSE)


def test_one_batch_begins_where_the_other_ended() -> None:
    draft = outgoing(b"HEAD")
    of(draft, response(LENGTH_5, CLOSE), Data(data=b"hel"))
    assert not draft.keep_alive
    assert draft.begun
    with pytest.raises(LocalProtocolError, match="3 bytes of body where only 2"):
        of(draft, Data(data=b"lo!"), server=State.SEND_BODY)
    batch = of(draft, Data(data=b"lo"), server=State.SEND_BODY)
    assert batch.written == [], "it is the answer to HEAD"


def test_only_a_final_answer_is_a_beginning() -> None:
    draft = outgoing()
    judge(draft, HINTS)
    with pytest.raises(LocalProtocolError):
        judge(draft, response(status=600))
    assert not draft.begun
    judge(draft, response())
    assert draft.begun


BAD_END = EndOfMessage(trailers=Headers(((b"host", b"a"),)))


def test_a_rejected_batch_leaves_no_trace_of_a_beginning() -> None:
    draft = outgoing()
    with pytest.raises(LocalProtocolError):
        of(draft, HINTS, response(LENGTH_5, CLOSE), Data(data=b"hell"), DATA)
    assert not draft.begun
    assert draft.keep_alive
    batch = of(draft, response(), DATA, END)
    head, *_ = batch.written
    assert isinstance(head, AnswerHead)
    assert head.response.headers == (CHUNKED,)
    assert states_of(batch) == (State.DONE, State.DONE)


def test_a_rejected_batch_leaves_no_trace_in_a_body() -> None:
    draft = outgoing()
    of(draft, response(LENGTH_5), Data(data=b"he"))
    with pytest.raises(LocalProtocolError, match="ends 1 bytes before"):
        of(draft, Data(data=b"ll"), END, server=State.SEND_BODY)
    batch = of(draft, Data(data=b"llo"), END, server=State.SEND_BODY)
    assert batch.standing.server is State.DONE


def test_a_rejected_batch_leaves_no_trace_of_leaving() -> None:
    draft = outgoing()
    with pytest.raises(LocalProtocolError):
        of(draft, ConnectionClosed(), response(), server=State.DONE)
    assert draft.keep_alive


def test_whoever_awaits_a_100_is_told_or_not_kept() -> None:
    for events, kept, awaited in [
        ((), True, True),
        ((HINTS,), True, True),
        ((CONTINUE,), True, False),
        ((CONTINUE, response()), True, False),
        ((HINTS, response()), False, True),
        ((response(),), False, True),
    ]:
        draft = outgoing()
        batch = of(draft, *events, client=State.SEND_BODY, awaited=True)
        assert (draft.keep_alive, batch.awaited) == (kept, awaited), events
    draft = outgoing()
    with pytest.raises(LocalProtocolError):
        of(draft, response(), DATA, BAD_END, client=State.SEND_BODY, awaited=True)
    assert draft.keep_alive, "the batch was rejected"


def test_what_is_left_out_of_an_answer_to_head_is_not_missing_behind_its_end() -> None:
    draft = outgoing(b"HEAD")
    judge(draft, response(LENGTH_5))
    assert draft.missing == 5
    of(draft, END, server=State.SEND_BODY)
    assert missing(draft) == 0


def missing(draft: Outgoing) -> int:
    # As a function, because what the type checker has seen of an attribute, it goes on believing.
    return draft.missing


# A WebSocket.

TEXT = TextMessage(text="a", final=False)
BYTES = BytesMessage(data=b"a", final=False)


def asked_for_frames() -> Outgoing:
    return asked(handshake())


@pytest.mark.parametrize("client", [State.SEND_BODY, State.DONE])
def test_frames_behind_an_acceptance(client: State) -> None:
    draft = asked_for_frames()
    batch = of(draft, AcceptWebSocket(), TEXT, client=client)
    assert states_of(batch) == (State.OPEN, State.OPEN)
    [head] = batch.written
    assert isinstance(head, InformationalResponse)
    assert head.status == 101
    assert batch.framed == [TEXT]
    assert draft.agreed is not None
    with pytest.raises(LocalProtocolError, match="BytesMessage in the middle"):
        of(draft, BYTES, client=State.OPEN, server=State.OPEN)


def test_a_rejected_acceptance_leaves_no_trace() -> None:
    draft = asked_for_frames()
    with pytest.raises(LocalProtocolError):
        of(draft, AcceptWebSocket(), TEXT, BYTES)
    assert draft.agreed is None
    batch = of(draft, AcceptWebSocket(), BYTES)
    assert batch.framed == [BYTES]
    with pytest.raises(LocalProtocolError):
        of(draft, BytesMessage(data=b""), TEXT, BYTES, client=State.OPEN, server=State.OPEN)
    batch = of(draft, BytesMessage(data=b""), client=State.OPEN, server=State.OPEN)
    assert batch.framed == [BytesMessage(data=b"")]


def test_behind_a_refused_handshake_nothing_is_read() -> None:
    draft = asked_for_frames()
    assert written(draft, response(LENGTH_5, status=403)) == (LENGTH_5, CLOSE)
    assert not draft.keep_alive


def test_the_answer_to_no_request_is_nobodys() -> None:
    one, other = UNASKED.owned(), UNASKED.owned()
    assert one.owned() is one
    assert len({id(one), id(other), id(UNASKED)}) == 3
    judge(one, response())
    assert (one.begun, other.begun, UNASKED.begun) == (True, False, False)
