"""ASGI 3: a handler that runs an ASGI application on any transport of Tremolo."""

from typing import TYPE_CHECKING

from tremolo_core._exports import exported

__all__ = (
    "ASGIApplication",
    "ASGIError",
    "ASGIVersions",
    "AsgiGuest",
    "AsgiHandler",
    "Extensions",
    "HTTPDisconnectMessage",
    "HTTPReceiveMessage",
    "HTTPRequestMessage",
    "HTTPResponseBodyMessage",
    "HTTPResponseEarlyHintMessage",
    "HTTPResponsePathSendMessage",
    "HTTPResponseStartMessage",
    "HTTPResponseTrailersMessage",
    "HTTPResponseZeroCopySendMessage",
    "HTTPScope",
    "HTTPSendMessage",
    "IncompleteResponse",
    "LifespanFailed",
    "LifespanMode",
    "LifespanReceiveMessage",
    "LifespanScope",
    "LifespanSendMessage",
    "LifespanShutdownCompleteMessage",
    "LifespanShutdownFailedMessage",
    "LifespanShutdownMessage",
    "LifespanStartupCompleteMessage",
    "LifespanStartupFailedMessage",
    "LifespanStartupMessage",
    "LifespanTimeouts",
    "MessageError",
    "Receive",
    "ReceiveMessage",
    "Scope",
    "Send",
    "SendMessage",
    "State",
    "TLSExtension",
    "WebSocketAcceptMessage",
    "WebSocketCloseMessage",
    "WebSocketConnectMessage",
    "WebSocketDisconnectMessage",
    "WebSocketReceiveMessage",
    "WebSocketReceivedMessage",
    "WebSocketResponseBodyMessage",
    "WebSocketResponseStartMessage",
    "WebSocketScope",
    "WebSocketSendMessage",
    "WebSocketSentMessage",
)

if TYPE_CHECKING:
    from .errors import ASGIError, IncompleteResponse, LifespanFailed, MessageError
    from .guest import AsgiGuest
    from .handler import AsgiHandler
    from .lifespan_timeouts import LifespanTimeouts
    from .message_types import (
        HTTPDisconnectMessage,
        HTTPReceiveMessage,
        HTTPRequestMessage,
        HTTPResponseBodyMessage,
        HTTPResponseEarlyHintMessage,
        HTTPResponsePathSendMessage,
        HTTPResponseStartMessage,
        HTTPResponseTrailersMessage,
        HTTPResponseZeroCopySendMessage,
        HTTPSendMessage,
        LifespanReceiveMessage,
        LifespanSendMessage,
        LifespanShutdownCompleteMessage,
        LifespanShutdownFailedMessage,
        LifespanShutdownMessage,
        LifespanStartupCompleteMessage,
        LifespanStartupFailedMessage,
        LifespanStartupMessage,
        ReceiveMessage,
        SendMessage,
        WebSocketAcceptMessage,
        WebSocketCloseMessage,
        WebSocketConnectMessage,
        WebSocketDisconnectMessage,
        WebSocketReceivedMessage,
        WebSocketReceiveMessage,
        WebSocketResponseBodyMessage,
        WebSocketResponseStartMessage,
        WebSocketSendMessage,
        WebSocketSentMessage,
    )
    from .types import (
        ASGIApplication,
        ASGIVersions,
        Extensions,
        HTTPScope,
        LifespanMode,
        LifespanScope,
        Receive,
        Scope,
        Send,
        State,
        TLSExtension,
        WebSocketScope,
    )
else:
    __getattr__, __dir__ = exported(
        __name__,
        {
            "errors": "ASGIError IncompleteResponse LifespanFailed MessageError",
            "guest": "AsgiGuest",
            "handler": "AsgiHandler",
            "lifespan_timeouts": "LifespanTimeouts",
            "message_types": (
                "HTTPDisconnectMessage HTTPReceiveMessage HTTPRequestMessage "
                "HTTPResponseBodyMessage HTTPResponseEarlyHintMessage "
                "HTTPResponsePathSendMessage HTTPResponseStartMessage "
                "HTTPResponseTrailersMessage HTTPResponseZeroCopySendMessage HTTPSendMessage "
                "LifespanReceiveMessage LifespanSendMessage LifespanShutdownCompleteMessage "
                "LifespanShutdownFailedMessage LifespanShutdownMessage "
                "LifespanStartupCompleteMessage LifespanStartupFailedMessage "
                "LifespanStartupMessage ReceiveMessage SendMessage WebSocketAcceptMessage "
                "WebSocketCloseMessage WebSocketConnectMessage WebSocketDisconnectMessage "
                "WebSocketReceivedMessage WebSocketReceiveMessage WebSocketResponseBodyMessage "
                "WebSocketResponseStartMessage WebSocketSendMessage WebSocketSentMessage"
            ),
            "types": (
                "ASGIApplication ASGIVersions Extensions HTTPScope LifespanMode LifespanScope "
                "Receive Scope Send State TLSExtension WebSocketScope"
            ),
        },
    )
