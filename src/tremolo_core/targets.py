"""A request's target, taken apart: which path and which query it asks for.

What a target may look like on the wire is the business of `gate`; what its
path means, and how it is decoded, is the application's.
"""

__all__ = ("split_target",)

_SLASH = 0x2F


def split_target(target: bytes) -> tuple[bytes, bytes]:
    """Return the raw path of `target`, and its query without the question mark.

    Nothing is decoded. Of an absolute-form target (RFC 9112 3.2.2) scheme and
    authority are left out, as its authority stands in the Host field already,
    and an empty path is `b"/"` (RFC 9110 4.2.3). The asterisk of `OPTIONS *` is
    its own path. `target` is one that was received; no other is refused here.
    """
    if target[0] != _SLASH:
        _, separator, rest = target.partition(b"://")
        if separator:
            target = rest[_end_of_authority(rest) :]
            if not target.startswith(b"/"):
                target = b"/" + target
    path, _, query = target.partition(b"?")
    return path, query


def _end_of_authority(rest: bytes) -> int:
    """Where the first slash or question mark of `rest` stands; its end if there is none."""
    positions = [position for mark in (b"/", b"?") if (position := rest.find(mark)) >= 0]
    return min(positions, default=len(rest))
