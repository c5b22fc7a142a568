"""What proxies say about a request: who has sent it, and how it was asked for.

Reads `Forwarded` (RFC 7239) and the `X-Forwarded-` fields that came before it.
Who is believed, `trusted_proxies` knows; what a proxy says once about a whole
connection is read in `proxy_protocol`.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice

from ._values import value
from .addresses import Address, IPAddress, read_ip
from .grammar import FIELD_NAME, HOST
from .headers import Headers
from .trusted_proxies import TrustedProxies

__all__ = ("FORWARDED_FIELDS", "Ends", "Forwarding")

_FORWARDED = b"forwarded"
_X_FOR = b"x-forwarded-for"
_X_HOST = b"x-forwarded-host"
_X_PORT = b"x-forwarded-port"
_X_PROTO = b"x-forwarded-proto"

FORWARDED_FIELDS = frozenset((_FORWARDED, _X_FOR, _X_HOST, _X_PORT, _X_PROTO))
"""Every field that is understood here."""

_MOST_HOPS = 32
"""Who trusts everyone lets a client write the whole list. Each hop costs some microseconds."""

_OWS = rb"[\t\x20]*+"
_QUOTED = rb'"(?:[\t\x20\x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t\x20-\x7e\x80-\xff])*+"'
_PAIR = rb"(" + FIELD_NAME.pattern + rb")=(" + FIELD_NAME.pattern + rb"|" + _QUOTED + rb")"

# RFC 7239 4. Its own examples have white space behind a semicolon, which its grammar has not.
_ELEMENT = re.compile(
    _OWS + rb"(?:" + _PAIR + rb")?+(?:" + _OWS + rb";" + _OWS + rb"(?:" + _PAIR + rb")?+)*+" + _OWS
)
_PAIRS = re.compile(_PAIR)
_QUOTED_PAIR = re.compile(rb"\\(.)", re.DOTALL)

# That it is one, `read_ip` finds out.
_IPV6 = rb"[0-9A-Fa-f]*+:[0-9A-Fa-f:.]*+"

# RFC 7239 6, and IPv6 addresses without brackets, as in X-Forwarded-For.
_NODE = re.compile(
    rb"(" + _IPV6 + rb")"
    rb"|(?:([0-9.]++)|\[(" + _IPV6 + rb")\])(?::(?:([0-9]{1,5})|_[0-9A-Za-z._\-]++))?"
)
_LONGEST_NODE = 128
"""An address takes 47 bytes, and a port that is hidden some more."""

_HIDDEN = {b"for": b"unknown"}

_PORT = re.compile(rb"[0-9]{1,5}")

# Some proxies name the scheme of a WebSocket's URI.
_SCHEMES = {b"http": "http", b"https": "https", b"ws": "http", b"wss": "https"}


@value
class Ends:
    """The two ends that an exchange has, as far as they are known."""

    client: Address | None = None
    """Who asks; None if it has no address, or if that is hidden."""
    server: Address | None = None
    """Our own end of the socket, whatever proxies say."""
    scheme: str = "http"
    """How the client asks: `"http"` or `"https"`."""
    host: bytes | None = None
    """What a proxy says that the client asked for in Host, with the port if it named one."""
    port: int | None = None
    """The port that a proxy says the client has connected to."""


@value
class Forwarding:
    """Whom to believe about a request's sender, and in which fields.

    Every proxy that is trusted must set or remove each of the fields that are
    believed: what it passes on as it came is the client's own word, and
    nothing tells the two apart. Many set X-Forwarded-For and X-Forwarded-Proto,
    and let a client's Forwarded and X-Forwarded-Host through.
    """

    trusted: TrustedProxies
    fields: frozenset[bytes]
    """Which of `FORWARDED_FIELDS` are believed; the others are as if they were not there."""

    def __post_init__(self) -> None:
        if unknown := self.fields - FORWARDED_FIELDS:
            names = ", ".join(sorted(name.decode("ascii", "backslashreplace") for name in unknown))
            known = ", ".join(sorted(name.decode("ascii") for name in FORWARDED_FIELDS))
            raise ValueError(f"nothing is known of {names}; fields can be {known}")

    def ends(self, headers: Headers, direct: Ends) -> Ends:
        """The ends that a request with these `headers` has, where the socket's own are `direct`.

        They are `direct` itself if its client is not trusted, or the headers
        say nothing. That costs one look at the headers, and one at the client
        if they say anything; `trusted.trusts` can be asked once per connection.

        Lists are read from the right, as each proxy adds at the end who came to
        it. The first who is not trusted is the client, or the last in the list,
        or the 32nd. What stands left of the client is never looked at. If the
        client is hidden (`unknown`, `_name`), or cannot be read, it is None:
        nobody knows. `unix:` is a unix socket, as nginx has it.

        `Forwarded` (RFC 7239) counts only if none of the other fields that are
        believed says anything, as there is no way to merge them (RFC 7239 7.4):
        most proxies set those, and let a client's Forwarded through. An element
        of it that does not say `for` whom is the last to be looked at; one that
        is malformed, or says a thing twice, hides its client. Scheme and host
        are those of the leftmost element that is believed and has them.

        In the others, the client is found in all lines of X-Forwarded-For, joined
        in order; an empty member hides it, but a field without any member says
        nothing. Of X-Forwarded-Proto, -Host and -Port the last member of the
        last line counts: the word of the last proxy that had one.

        A scheme, host or port that is malformed is as if it was not there.
        Nothing is raised.
        """
        fields = self.fields
        said = [field for field in headers if field[0] in fields]
        if not said or not self.trusted.trusts(direct.client, direct.server):
            return direct
        elements = _joined(said, _FORWARDED)
        if elements and not any(name != _FORWARDED and _says(line) for name, line in said):
            return self._by_rfc(elements, direct)
        client = direct.client
        for node in islice(reversed(_members(_joined(said, _X_FOR))), _MOST_HOPS):
            client, trusted = self._hop(node)
            if not trusted:
                break
        return Ends(
            client=client,
            server=direct.server,
            scheme=_scheme(_last(said, _X_PROTO)) or direct.scheme,
            host=_host(_last(said, _X_HOST)) or direct.host,
            port=_port(_last(said, _X_PORT)) or direct.port,
        )

    def _by_rfc(self, elements: bytes, direct: Ends) -> Ends:
        client, scheme, host = direct.client, direct.scheme, direct.host
        for element in islice(_from_the_right(elements), _MOST_HOPS):
            scheme = _scheme(element.get(b"proto", b"")) or scheme
            host = _host(element.get(b"host", b"")) or host
            if b"for" not in element:
                break
            client, trusted = self._hop(element[b"for"])
            if not trusted:
                break
        return Ends(client=client, server=direct.server, scheme=scheme, host=host, port=direct.port)

    def _hop(self, node: bytes) -> tuple[Address | None, bool]:
        """Who `node` is, and whether it is trusted."""
        if node == b"unix:":
            return None, self.trusted.everyone or self.trusted.unix
        found = _read_node(node) if len(node) <= _LONGEST_NODE else None
        if found is None:
            return None, False
        client, address = found
        return client, self.trusted.trusts_address(address)


# Many requests come from the same clients; this is half of the work.
@lru_cache(maxsize=1_024)
def _read_node(node: bytes) -> tuple[Address, IPAddress] | None:
    """Who `node` is, in both forms; None if nobody can tell."""
    match = _NODE.fullmatch(node)
    if match is None:
        return None
    bare, four, six, digits = match.groups()
    address = read_ip((bare or four or six).decode("ascii"))
    port = None if digits is None else int(digits)
    if address is None or (port is not None and port > 0xFFFF):
        return None
    return (str(address), port), address


def _joined(said: list[tuple[bytes, bytes]], name: bytes) -> bytes:
    """All lines of one list field as one; empty if there is no member in them."""
    lines = b",".join([line for key, line in said if key == name])
    return lines if _says(lines) else b""


def _says(lines: bytes) -> bool:
    """Whether a list has a member."""
    return bool(lines.strip(b"\t ,"))


def _members(lines: bytes) -> list[bytes]:
    return [member.strip(b"\t ") for member in lines.split(b",")] if lines else []


def _last(said: list[tuple[bytes, bytes]], name: bytes) -> bytes:
    """The last member of a field's last line; empty if there is none."""
    lines = [line for key, line in said if key == name]
    return lines[-1].rpartition(b",")[2].strip(b"\t ") if lines else b""


def _from_the_right(elements: bytes) -> Iterator[dict[bytes, bytes]]:
    """Each element of a `Forwarded` field, by its parameters' lower-case names, last first.

    Empty ones are passed over. One that cannot be read is one that hides its client.
    """
    # An element is looked for from its end, and is the shortest that fits. A
    # client that opens a quote, and leaves it to our proxies to close, spoils
    # its own word only. Nor is a comma between quotes ever taken for the one
    # before an element: seen from there, each quote is the opposite of itself.
    end = len(elements)
    while end >= 0:
        start = elements.rfind(b",", 0, end)
        while not (found := _ELEMENT.fullmatch(elements, start + 1, end)) and start >= 0:
            start = elements.rfind(b",", 0, start)
        if elements[start + 1 : end].strip(b"\t "):
            pairs = _PAIRS.findall(elements, start + 1, end) if found else []
            element = {name.lower(): _unquoted(text) for name, text in pairs}
            # Of two parameters with one name, which is meant? (RFC 7239 4.)
            yield element if found and len(element) == len(pairs) else _HIDDEN
        end = start


def _unquoted(text: bytes) -> bytes:
    return _QUOTED_PAIR.sub(rb"\1", text[1:-1]) if text.startswith(b'"') else text


def _scheme(name: bytes) -> str | None:
    return _SCHEMES.get(name.lower())


def _host(host: bytes) -> bytes | None:
    return host if HOST.fullmatch(host) else None


def _port(digits: bytes) -> int:
    """The port that is said; 0, which is none, if they say none."""
    port = int(digits) if _PORT.fullmatch(digits) else 0
    return port if port <= 0xFFFF else 0
