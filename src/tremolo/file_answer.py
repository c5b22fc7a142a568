"""How a request for a file is answered: the status, the fields, and which of its bytes.

A decision without I/O; the bytes are sent by `file_response`.
"""

from tremolo_core import Headers, value

from .http_dates import format_http_date
from .preconditions import Outcome, Validators, judge_preconditions, range_counts
from .ranges import Section, parse_ranges

__all__ = ("FileAnswer", "FileFacts", "Section", "answer_file")


@value
class FileFacts:
    """A file, or a section of one, that can be sent."""

    size: int
    """Bytes to be sent of it."""
    offset: int = 0
    """Where in the file these begin."""
    content_type: bytes
    validators: Validators


@value
class FileAnswer:
    """What a client is told."""

    status: int
    fields: tuple[tuple[bytes, bytes], ...]
    """In place of fields of the same names."""
    body: tuple[bytes | Section, ...] = ()
    """What it is made of, in order: bytes, and sections of the file."""

    @property
    def length(self) -> int:
        """Bytes in the body."""
        return sum(part.count if isinstance(part, Section) else len(part) for part in self.body)


def answer_file(
    method: bytes, headers: Headers, facts: FileFacts, *, boundary: bytes, plain: bool = False
) -> FileAnswer:
    """Decide on the answer to a request of `method` with these `headers`.

    `boundary` parts several sections; it must not be in the file. With `plain`
    the file is sent whole, whatever the request says: for one that is not the
    resource itself, such as a page that says that there is none.
    """
    whole = FileAnswer(
        status=200,
        fields=((b"content-type", facts.content_type),),
        body=(Section(offset=facts.offset, count=facts.size),) if facts.size else (),
    )
    if plain:
        return whole
    about = _validator_fields(facts.validators)
    match judge_preconditions(method, headers, facts.validators):
        case Outcome.NOT_MODIFIED:
            return FileAnswer(status=304, fields=about)
        case Outcome.FAILED:
            return FileAnswer(status=412, fields=())
        case Outcome.PROCEED:
            pass
    about = (*about, (b"accept-ranges", b"bytes"))
    sections = None
    if range_counts(method, headers, facts.validators):
        [told] = headers.get_all(b"range")
        sections = parse_ranges(told, facts.size)
    if sections is None:
        return FileAnswer(status=200, fields=(*whole.fields, *about), body=whole.body)
    if not sections:
        fields = (*about, (b"content-range", b"bytes */%d" % facts.size))
        return FileAnswer(status=416, fields=fields)
    if len(sections) == 1:
        [section] = sections
        fields = (*whole.fields, *about, (b"content-range", _content_range(section, facts.size)))
        return FileAnswer(status=206, fields=fields, body=(_in_file(section, facts),))
    kind = b"multipart/byteranges; boundary=" + boundary
    return FileAnswer(
        status=206,
        fields=((b"content-type", kind), *about),
        body=_parts(sections, facts, boundary),
    )


def _validator_fields(validators: Validators) -> tuple[tuple[bytes, bytes], ...]:
    fields: list[tuple[bytes, bytes]] = []
    if validators.etag is not None:
        fields.append((b"etag", validators.etag))
    if validators.modified is not None:
        fields.append((b"last-modified", format_http_date(validators.modified)))
    return tuple(fields)


def _parts(
    sections: tuple[Section, ...], facts: FileFacts, boundary: bytes
) -> tuple[bytes | Section, ...]:
    """A body of several sections (RFC 9110 14.6)."""
    body: list[bytes | Section] = []
    line_end = b""
    for section in sections:
        head = b"%b--%b\r\nContent-Type: %b\r\nContent-Range: %b\r\n\r\n"
        told = _content_range(section, facts.size)
        body += (head % (line_end, boundary, facts.content_type, told), _in_file(section, facts))
        line_end = b"\r\n"
    return (*body, b"\r\n--%b--\r\n" % boundary)


def _in_file(section: Section, facts: FileFacts) -> Section:
    return Section(offset=facts.offset + section.offset, count=section.count)


def _content_range(section: Section, size: int) -> bytes:
    return b"bytes %d-%d/%d" % (section.offset, section.offset + section.count - 1, size)
