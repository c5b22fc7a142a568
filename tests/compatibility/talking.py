"""Reads answers as plain facts, whoever has sent them; the standard library alone.

So that the same comparison runs where nggit/tremolo is installed.
"""

import dataclasses

from .cases import Case

__all__ = ("Answer", "differences", "read_answers")


@dataclasses.dataclass(frozen=True)
class Answer:
    """One answer, as a client understands it."""

    status: int
    fields: dict[str, list[str]]
    body: str
    framing: str
    """`length`, `chunked`, `close` or `none`."""
    complete: bool = True


def read_answers(raw: bytes, *, to_head: bool = False) -> list[Answer]:
    """Read all final answers that a connection has brought until its end."""
    answers: list[Answer] = []
    while raw:
        head, mark, raw = raw.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        status = int(lines[0].split(" ")[1])
        if not mark or status < 200:
            continue
        fields: dict[str, list[str]] = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            fields.setdefault(name.lower(), []).append(value.strip())
        body, raw, framing, complete = b"", raw, "none", True
        if not to_head:
            body, raw, framing, complete = _body(status, fields, raw)
        answers.append(
            Answer(
                status=status,
                fields=fields,
                body=body.decode("latin-1"),
                framing=framing,
                complete=complete,
            )
        )
    return answers


def _body(status: int, fields: dict[str, list[str]], raw: bytes) -> tuple[bytes, bytes, str, bool]:
    """The body, what comes behind it, how its end is told, and whether that was reached."""
    if status in (204, 304):
        return b"", raw, "none", True
    if "chunked" in fields.get("transfer-encoding", []):
        return _chunks(raw)
    if "content-length" in fields:
        length = int(fields["content-length"][0])
        return raw[:length], raw[length:], "length", len(raw) >= length
    return raw, b"", "close", True


def _chunks(raw: bytes) -> tuple[bytes, bytes, str, bool]:
    parts: list[bytes] = []
    while True:
        line, mark, rest = raw.partition(b"\r\n")
        if not mark:
            return b"".join(parts), b"", "chunked", False
        size = int(line, 16)
        if size == 0:
            return b"".join(parts), rest.removeprefix(b"\r\n"), "chunked", True
        parts.append(rest[:size])
        raw = rest[size + 2 :]


def differences(case: Case, raw: bytes) -> list[str]:
    """In what the answers that came are not those of `case`."""
    answers = read_answers(raw, to_head=case.request.startswith("HEAD "))
    if len(answers) != case.answers:
        return [f"{len(answers)} answers instead of {case.answers}"]
    answer = answers[-1]
    found: list[str] = []
    for name in ("status", "body", "framing", "complete"):
        wanted, came = getattr(case, name), getattr(answer, name)
        if wanted is not None and wanted != came:
            found.append(f"{name} {came!r} instead of {wanted!r}")
    for field, value in case.fields:
        values = answer.fields.get(field)
        came = None if values is None else " | ".join(values)
        if came != value:
            found.append(f"{field} {came!r} instead of {value!r}")
    return found
