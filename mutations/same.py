"""Changes of the core that make no difference to what it does, each with the reason.

Each is named by its module and function, and is the line as it becomes.
"""

__all__ = ("SAME",)

SAME: dict[str, str] = {
    "fast_engine.read_body: "
    'return _END if len(raw) < len(b"\\r\\n") else _end_with_trailers(raw)': (
        "an empty line has no trailers to be found either; it only takes longer"
    ),
    "forwarded._from_the_right: while end > 0:": (
        "what stands before a comma at the very start is empty, and passed over"
    ),
    "forwarded._from_the_right: "
    "while not (found := _ELEMENT.fullmatch(elements, start + 1, end)) and start > 0:": (
        "no element begins with a comma, so that none is found with the one at the very start"
    ),
    "gate._content: if size >= self._missing:": ("both ways take all there is"),
    "head_gate.head: if not 4 < end <= limits.head or buffer[0] == _CR:": (
        "without a line before it, it begins with a CR, and goes the longer way anyway"
    ),
    "head_gate.head: if not 4 <= end < limits.head or buffer[0] == _CR:": (
        "one that is just as long as it may be takes the longer way to the same"
    ),
    "masking.in_python: if size >= _PIECE:": (
        "both ways do the same; it matters for the time that a piece takes"
    ),
    "outbox.take: "
    "most is None or not self and (len(self) <= _FEW and sum(map(len, self)) <= most)": (
        "the longer way hands over the same, only later"
    ),
    "outbox.take: most is None or not self or (len(self) < _FEW and sum(map(len, self)) <= most)": (
        "the longer way hands over the same, only later"
    ),
    "outbox.take: most is None or not self or (len(self) <= _FEW and sum(map(len, self)) < most)": (
        "the longer way hands over the same, only later"
    ),
    "outbox.take_some: if not self.taken and len(self) < _FEW and sum(map(len, self)) <= most:": (
        "the longer way hands over the same, only later"
    ),
    "outbox.take_some: if not self.taken and len(self) <= _FEW and sum(map(len, self)) < most:": (
        "the longer way hands over the same, only later"
    ),
    "fast_frames.read_message: "
    "masked = data[start:end] if size <= _LARGE else memoryview(data)[start:end]": (
        "both are the same bytes; it matters for the time that it takes"
    ),
    "fast_frames.read_only_message: "
    "masked = data[8:] if size <= _LARGE else memoryview(data)[8:]": (
        "both are the same bytes; it matters for the time that it takes"
    ),
    "connection.data_to_send: if self._refusal is None or (frames is not None and frames.owes):": (
        "whoever is asked for what is owed asks the same once more"
    ),
    "connection._add_owed: "
    "if frames is not None and frames.owes or self._standing.server is State.OPEN:": (
        "what is owed has no bytes where nothing is"
    ),
    "pacing.take: if missing < 0:": ("a bucket that is just full is so by either reckoning"),
    "head_gate._take: "
    "data = bytes(buffer[:size] if size <= _LARGE else memoryview(buffer)[:size])": (
        "both copy the same; it matters for the time that it takes"
    ),
    "head_gate._begin: if end <= 4 or self._buffer or end > self._limits.head or data[0] == _CR:": (
        "without a line before it, it begins with a CR, and goes the longer way anyway"
    ),
    "head_gate._begin: if end < 4 or self._buffer or end >= self._limits.head or data[0] == _CR:": (
        "one that is just as long as it may be takes the longer way to the same"
    ),
    "answer_head.lasting_head: if event is last and kept is None:": (
        "the head is made anew, or looked up by what it says"
    ),
    "connection.data_to_send: "
    "if len(out) == 1 and not out.taken and (most is None or len(out[0]) < most):": (
        "one that is just as long as asked for takes the longer way to the same"
    ),
    "connection.views_to_send: if len(out) == 1 and not out.taken and len(out[0]) < most:": (
        "one that is just as long as asked for takes the longer way to the same"
    ),
    "wsproto_engine._fail: return CloseReason(error.close_code and CloseReason.PROTOCOL_ERROR)": (
        "what is told is the failure itself, whatever wsproto is told of it"
    ),
    "incoming.skip_end: if self.engine is self.fast:": (
        "an end is skipped behind the answer, and the next request has an engine of its own"
    ),
    "outgoing._judge: if kind in _FRAMES or isinstance(event, FrameEvent):": (
        "both ask the same, the second for the type checker"
    ),
    "frame_gate.whole_message: "
    "if self._in_message or size <= _SHORT_HEADER or data[0] not in _MESSAGES:": (
        "the shortest message of all takes the longer way to the same"
    ),
    "frame_gate.whole_message: if length <= _TWO_BYTES:": ("in doubt the longer way does the same"),
    "frame_gate.whole_message: elif not 0 < length < _TWO_BYTES:": (
        "in doubt the longer way does the same"
    ),
    "frame_gate.whole_message: elif not 0 <= length <= _TWO_BYTES:": (
        "that length was read before"
    ),
    "at_once.send_whole: if response is not last or head is not None or not outgoing.keep_alive:": (
        "the head is looked up by what it says"
    ),
    "connection.next_event: if standing.client is not _SEND_BODY "
    "and (piece := incoming.next_piece()) is not None:": (
        "there is a piece in a body alone, where the longer way does the same"
    ),
    "head.parse_head: if fields is None or len(fields[1]) >= limits.fields:": (
        "one with just as many as there may be takes the longer way to the same"
    ),
    "plain_fields._learn: "
    'if len(set(lowered)) == len(lowered) and b"host" in noted and noted < _USUAL:': (
        "with all of them at once the longer way does the same"
    ),
}
