"""What patterns match, what they find, and what they refuse to be."""

import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cases import for_each
from tremolo.paths import canonical_path
from tremolo.templates import Expression, Template, is_pattern, parse_pattern


def found(pattern: str, path: bytes) -> Any:
    template = Template(pattern)
    parameters = template.match(canonical_path(path)[1:].split(b"/"))
    return None if parameters is None else parameters.named


@pytest.mark.parametrize(
    ("pattern", "path", "named"),
    [
        ("/{name}", b"/a", {"name": "a"}),
        ("/{name}/", b"//a//", {"name": "a"}),
        ("/{a}/{b}", b"/x/y", {"a": "x", "b": "y"}),
        ("/items/{id:int}", b"/items/5", {"id": 5}),
        ("/items/{id:int}/edit", b"/items/5/edit/", {"id": 5}),
        ("/caf%C3%A9/{x}", b"/caf\xc3\xa9/y", {"x": "y"}),
        ("/caf\xe9/{x}", b"/caf%C3%A9/%C3%A9", {"x": "\xe9"}),
        ("/{name}", b"/100%25", {"name": "100%"}),
        ("/{name}", b"/a%3Fb", {"name": "a?b"}),
        ("/f/{rest:path}", b"/f/a", {"rest": "a"}),
        ("/f/{rest:path}", b"/f/a/b%20c/d.txt", {"rest": "a/b c/d.txt"}),
        ("/{x}/{rest:path}", b"/a/b/c", {"x": "a", "rest": "b/c"}),
    ],
)
def test_what_a_template_finds(pattern: str, path: bytes, named: dict[str, object]) -> None:
    assert found(pattern, path) == named


@for_each(
    ("pattern", "path"),
    [
        ("/{name}", b"/"),
        ("/{name}", b"/a/b"),
        ("/{name}", b"/a%2Fb"),
        ("/{name}", b"/.."),
        ("/{name}", b"/%2E%2E"),
        ("/{name}", b"/%00"),
        ("/{name}", b"/%FF"),
        ("/items/{id:int}", b"/items/five"),
        ("/items/{id:int}", b"/item/5"),
        ("/items/{id:int}", b"/items"),
        ("/items/{id}/edit", b"/items/5"),
        ("/items/{id}/edit", b"/items/5/delete"),
        ("/f/{rest:path}", b"/f"),
        ("/f/{rest:path}", b"/f//etc/passwd"),
        ("/f/{rest:path}", b"/f/%2Fetc/passwd"),
        ("/f/{rest:path}", b"/f/a//b"),
        ("/f/{rest:path}", b"/f/../b"),
        ("/f/{rest:path}", b"/f/a/%2e%2e/%2e./b"),
        ("/f/{rest:path}", b"/f/a%00"),
    ],
)
def test_what_a_template_does_not_match(pattern: str, path: bytes) -> None:
    assert found(pattern, path) is None


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("/{name", "a whole segment"),
        ("/name}", "a whole segment"),
        ("/{}", "a whole segment"),
        ("/{1a}", "a whole segment"),
        ("/{a}.{b}", "a whole segment"),
        ("/a{b}", "a whole segment"),
        ("/{a}/{a}", "two parameters called 'a'"),
        ("/{a:integer}", "none of the types float, int, path, str, uuid"),
        ("/{a:path}/b", "is the last segment"),
    ],
)
def test_a_template_that_cannot_be(pattern: str, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        Template(pattern)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("/{a}", "/{b}/", True),
        ("/x/{a:int}", "/%78/{b:int}", True),
        ("/{a}", "/{a:int}", False),
        ("/{a}/x", "/x/{a}", False),
        ("/{a}", "/{a:path}", False),
    ],
)
def test_templates_of_the_same_paths_have_the_same_key(one: str, other: str, same: bool) -> None:
    assert (Template(one).key == Template(other).key) is same


@pytest.mark.parametrize(
    ("pattern", "parameters", "path"),
    [
        ("/", {}, "/"),
        ("/caf\xe9/100%/a%2Fb", {}, "/caf%C3%A9/100%25/a%2Fb"),
        ("/a/{b}", {"b": "c d/e"}, None),
        ("/a/{b}", {"b": "c d?%"}, "/a/c%20d%3F%25"),
        ("/a/{b:int}/c", {"b": 5}, "/a/5/c"),
        ("/a/{b:int}", {"b": "x"}, None),
        ("/a/{b}", {"b": ".."}, None),
        ("/a/{b}", {"b": ""}, None),
        ("/a/{b:path}", {"b": "c/d e"}, "/a/c/d%20e"),
        ("/a/{b:path}", {"b": "/c"}, None),
        ("/a/{b:path}", {"b": "c/../d"}, None),
        ("/a/{b}", {}, None),
        ("/a/{b}", {"b": 1, "c": 2}, None),
    ],
)
def test_the_way_back(pattern: str, parameters: dict[str, object], path: str | None) -> None:
    if path is None:
        with pytest.raises(ValueError, match=r"parameters of this path|is of type"):
            Template(pattern).fill(parameters)
    else:
        assert Template(pattern).fill(parameters) == path


@given(st.text(min_size=1), st.integers(min_value=0, max_value=10**18 - 1))
def test_what_is_filled_in_is_found(name: str, number: int) -> None:
    template = Template("/x/{name}/{number:int}")
    parameters: dict[str, object] = {"name": name, "number": number}
    try:
        path = template.fill(parameters)
    except (ValueError, UnicodeEncodeError):
        assert name in (".", "..") or "/" in name or "\x00" in name or not name.isprintable()
        return
    assert found("/x/{name}/{number:int}", path.encode("ascii")) == parameters


def expressed(pattern: str, url: bytes, *prefix: bytes) -> Any:
    segments = url.partition(b"?")[0].strip(b"/").split(b"/")
    parameters = Expression(pattern, prefix).match(segments, url)
    return None if parameters is None else parameters.found


@for_each(
    ("pattern", "url", "expected"),
    [
        (r"^/page/(?P<id>\d+)", b"/page/12/more?x", {"id": b"12"}),
        (r"^/page/(?P<id>\d+)$", b"/page/12", {"id": b"12"}),
        (r"^/page/(?P<id>\d+)$", b"/page/12?a=b", {"id": b"12"}),
        (r"^/page/(?P<id>\d+)$", b"/page/12/", None),
        (r"^/page/(?P<id>\d+)$", b"/page/12\n", None),
        (r"^/page(?:/(?P<id>\d+))?$", b"/page", {"id": None}),
        (r"^/(\w+)/(\w+)", b"/a/b", (b"a", b"b")),
        (r"^/a", b"/abc", ()),
        (r"^/a", b"/b/a", None),
        (r"foo$", b"/any/xfoo", ()),
        (r"foo$", b"/any/xfoo?q=foo", ()),
        (r"foo$", b"/foo/any", None),
        (r"^/price\$", b"/price$/x", ()),
        (r"^/price\\$", b"/price\\", ()),
        ("^/caf\xe9$", b"/caf\xc3\xa9", ()),
        (r"^/%C3", b"/%C3%A9", ()),
    ],
)
def test_what_an_expression_finds(pattern: str, url: bytes, expected: object) -> None:
    assert expressed(pattern, url) == expected


@pytest.mark.parametrize(
    ("pattern", "url", "expected"),
    [
        (r"^/x(\d)", b"/a/b/x1", (b"1",)),
        (r"^/x(\d)", b"//a/b/x1/?q", (b"1",)),
        (r"^/x", b"/x/a/b", None),
        (r"^/x", b"/a/x", None),
        (r"^/$", b"/a/b", ()),
        (r"^/$", b"/a/b?q=/x", ()),
        (r"b$", b"/a/b", None),
        (r"b$", b"/a/b/ab?q", ()),
    ],
)
def test_below_a_prefix_an_expression_is_searched_in_the_rest(
    pattern: str, url: bytes, expected: object
) -> None:
    assert expressed(pattern, url, b"a", b"b") == expected


def test_an_expression_that_cannot_be() -> None:
    with pytest.raises(ValueError, match="is not a regular expression"):
        Expression("^/(")


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/a", None),
        ("/a+b.(c)", None),
        ("/{a}", Template),
        ("/a}", Template),
        ("^/a", Expression),
        ("a$", Expression),
        (r"^/\d{3}$", Expression),
    ],
)
def test_what_is_a_pattern(path: str, kind: type[object] | None) -> None:
    assert is_pattern(path) is (kind is not None)
    if kind is Expression:
        assert isinstance(parse_pattern(path), Expression)
    elif path == "/{a}":
        assert isinstance(parse_pattern(path), Template)


def test_patterns_are_picklable() -> None:
    template = pickle.loads(pickle.dumps(Template("/x/{id:int}")))
    assert template.match([b"x", b"5"]).named == {"id": 5}
    expression = pickle.loads(pickle.dumps(Expression(r"^/(?P<id>\d+)$")))
    assert expression.match([b"5"], b"/5").named == {"id": b"5"}
