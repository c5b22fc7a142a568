"""A form that is read whole: the work of `request.form`.

How its parts are read one by one is said in `parts`.
"""

import codecs

from tremolo_core import value

from .exceptions import BadRequest, PayloadTooLarge
from .form_heads import FORM, MULTIPART, MediaType, read_media_type
from .multipart_files import MultipartFile
from .parts import Part, Parts
from .request_body import RequestBody
from .urlencoded import parse_fields

__all__ = ("Form", "FormLimits", "form_type", "read_form_body", "read_parts")

_CHARSETS = ("ascii", "cp1252", "iso8859-1", "utf-8")
"""Those that browsers and curl write; some of Python's others take long, or make code points up."""


@value
class FormLimits:
    """How much of a form is read; beyond it, it is refused with 413."""

    fields: int
    """Fields, and files, as each costs more than its bytes."""
    size: int
    """Bytes of the body."""


@value
class Form:
    """What a form says; by name, in its order. Fields that are empty are left out."""

    fields: dict[str, list[str]]
    files: dict[str, list[MultipartFile]]
    """Those that somebody chose, with their data."""


async def read_form_body(body: RequestBody, limits: FormLimits) -> Form:
    """Read a form of type `application/x-www-form-urlencoded`. Raises PayloadTooLarge."""
    data = await body.read(limits.size + 1)
    if len(data) > limits.size:
        raise PayloadTooLarge
    text = data.decode("utf-8", "replace")
    try:
        return Form(fields=parse_fields(text, most=limits.fields), files={})
    except ValueError as error:
        raise PayloadTooLarge("too many fields in the form", cause=error) from error


async def read_parts(parts: Parts, limits: FormLimits) -> Form:
    """Read a form of type `multipart/form-data`. Raises PayloadTooLarge and BadRequest."""
    parts.limit(limits.size)
    form = Form(fields={}, files={})
    left = limits.fields
    while (part := await parts.next_part()) is not None:
        if left == 0:
            raise PayloadTooLarge("too many fields in the form")
        left -= 1
        if part.filename is None:
            if text := (await part.read(limits.size)).decode(_charset_of(part), "replace"):
                form.fields.setdefault(part.name, []).append(text)
        elif part.filename:
            file = await MultipartFile(part, size=limits.size).load()
            form.files.setdefault(part.name, []).append(file)
    return form


def form_type(content_type: bytes) -> MediaType:
    """Read the type of a request's body. Raises BadRequest if it is none of a form."""
    media_type = read_media_type(content_type.decode("latin-1"))
    if media_type.essence not in (FORM, MULTIPART):
        raise BadRequest("invalid Content-Type: this is no form")
    return media_type


def _charset_of(part: Part) -> str:
    """The codec of a field's text: UTF-8 unless it says otherwise (RFC 7578 4.5)."""
    charset = None
    if part.content_type is not None:
        charset = read_media_type(part.content_type).get("charset")
    try:
        name = codecs.lookup(charset or "utf-8").name
    except (LookupError, ValueError):
        name = ""
    if name not in _CHARSETS:
        raise BadRequest("a field has a charset that is not taken")
    return name
