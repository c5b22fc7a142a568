"""The types of messages have each member that the specification names, and no other."""

from typing import Any, get_type_hints

from tests.cases import for_each
from tremolo_asgi import message_types

MEMBERS = {
    "HTTPRequestMessage": {"body", "more_body"},
    "HTTPDisconnectMessage": set(),
    "HTTPResponseStartMessage": {"status", "headers", "trailers"},
    "HTTPResponseBodyMessage": {"body", "more_body"},
    "HTTPResponseTrailersMessage": {"headers", "more_trailers"},
    "HTTPResponseEarlyHintMessage": {"links"},
    "HTTPResponsePathSendMessage": {"path"},
    "HTTPResponseZeroCopySendMessage": {"file", "offset", "count", "more_body"},
    "WebSocketConnectMessage": set(),
    "WebSocketAcceptMessage": {"subprotocol", "headers"},
    "WebSocketReceiveMessage": {"text", "bytes"},
    "WebSocketSendMessage": {"text", "bytes"},
    "WebSocketDisconnectMessage": {"code", "reason"},
    "WebSocketCloseMessage": {"code", "reason"},
    "WebSocketResponseStartMessage": {"status", "headers"},
    "WebSocketResponseBodyMessage": {"body", "more_body"},
    "LifespanStartupMessage": set(),
    "LifespanStartupCompleteMessage": set(),
    "LifespanStartupFailedMessage": {"message"},
    "LifespanShutdownMessage": set(),
    "LifespanShutdownCompleteMessage": set(),
    "LifespanShutdownFailedMessage": {"message"},
}


@for_each(("name", "members"), MEMBERS.items(), ids=MEMBERS)
def test_the_members_of_a_message(name: str, members: set[str]) -> None:
    message: Any = getattr(message_types, name)
    assert set(get_type_hints(message)) == {"type", *members}
    assert "type" in message.__required_keys__


def test_there_is_no_message_besides() -> None:
    unions = {"HTTPReceiveMessage", "HTTPSendMessage", "LifespanReceiveMessage"}
    unions |= {"LifespanSendMessage", "ReceiveMessage", "SendMessage"}
    unions |= {"WebSocketReceivedMessage", "WebSocketSentMessage"}
    assert set(message_types.__all__) == unions | set(MEMBERS)
