"""Which of several routes a request gets, and what is said when it gets none."""

import functools
import gc
import pickle
import sys
from collections.abc import Iterable
from types import FrameType
from typing import Any, Self

import pytest

from tremolo.routes import Refusal, Route, RouteTable


async def first() -> None: ...


async def second() -> None: ...


async def third() -> None: ...


def route(func: Any, path: str, methods: Iterable[str] | None = None, **options: Any) -> Route:
    return Route(func, path, methods=methods, provided=("request",), options=options)


def found(table: RouteTable, path: bytes, method: bytes = b"GET") -> Any:
    raw, _, query = path.partition(b"?")
    match = table.find(raw, query, method)
    return match.allow if isinstance(match, Refusal) else match.route.plan.func


@pytest.mark.parametrize(
    "path", [b"/hello", b"/hello/", b"//hello", b"///hello///", b"/h%65llo", b"/hell%6F/"]
)
def test_spellings_of_a_literal_path(path: bytes) -> None:
    assert found(RouteTable([route(first, "/hello")]), path) is first


@pytest.mark.parametrize(
    "path", [b"/Hello", b"/hello/x", b"/x/hello", b"/hell", b"/", b"/%2Fhello", b"/hello%2F"]
)
def test_other_paths(path: bytes) -> None:
    assert found(RouteTable([route(first, "/hello")]), path) == ()


@pytest.mark.parametrize("path", [b"/", b"//", b""])
def test_the_root(path: bytes) -> None:
    assert found(RouteTable([route(first, "/")]), path) is first


@pytest.mark.parametrize("path", [b"/caf%C3%A9", b"/caf%c3%a9/", b"/%63af%c3%a9"])
@pytest.mark.parametrize("registered", ["/caf\xe9", "/caf%C3%A9"])
def test_a_path_beyond_ascii_may_be_registered_encoded_or_not(registered: str, path: bytes) -> None:
    assert found(RouteTable([route(first, registered)]), path) is first


def test_a_path_is_no_regular_expression() -> None:
    table = RouteTable([route(first, "/a+b.txt")])
    assert found(table, b"/a+b.txt") is first
    assert found(table, b"/aab.txt") == ()
    assert found(table, b"/a+bxtxt") == ()


def test_a_route_without_methods_is_for_all() -> None:
    table = RouteTable([route(first, "/")])
    assert {found(table, b"/", method) for method in (b"GET", b"HEAD", b"OPTIONS", b"X-Y")} == {
        first
    }


def test_methods_choose_between_routes_of_a_path() -> None:
    table = RouteTable([route(first, "/", ["get"]), route(second, "/", ["POST", "PUT"])])
    assert found(table, b"/", b"GET") is first
    assert found(table, b"/", b"HEAD") is first
    assert found(table, b"/", b"PUT") is second
    assert found(table, b"/", b"DELETE") == (b"GET", b"HEAD", b"OPTIONS", b"POST", b"PUT")
    assert found(table, b"/", b"OPTIONS") == (b"GET", b"HEAD", b"OPTIONS", b"POST", b"PUT")


def test_methods_are_case_sensitive_in_requests() -> None:
    table = RouteTable([route(first, "/", ["GET"])])
    assert found(table, b"/", b"get") == (b"GET", b"HEAD", b"OPTIONS")


def test_head_is_only_where_get_is() -> None:
    table = RouteTable([route(first, "/", ["POST"])])
    assert found(table, b"/", b"HEAD") == (b"OPTIONS", b"POST")


@pytest.mark.parametrize("order", [1, -1])
def test_a_route_for_head_beats_the_one_for_get(order: int) -> None:
    routes = [route(first, "/", ["GET"]), route(second, "/", ["HEAD"])][::order]
    assert found(RouteTable(routes), b"/", b"HEAD") is second


def test_a_route_for_options_beats_the_automatic_answer() -> None:
    table = RouteTable([route(first, "/", ["GET"]), route(second, "/", ["OPTIONS"])])
    assert found(table, b"/", b"OPTIONS") is second


def test_the_last_route_wins() -> None:
    table = RouteTable([route(first, "/x"), route(second, "/x/")])
    assert found(table, b"/x") is second


def test_the_last_route_wins_for_its_methods() -> None:
    table = RouteTable([route(first, "/", ["GET", "POST"]), route(second, "/", ["POST"])])
    assert found(table, b"/", b"GET") is first
    assert found(table, b"/", b"POST") is second


def test_a_later_route_for_all_methods_wins_for_all() -> None:
    table = RouteTable([route(first, "/", ["GET"]), route(second, "/")])
    assert found(table, b"/", b"GET") is second


def test_an_earlier_route_for_all_methods_is_left_the_others() -> None:
    table = RouteTable([route(first, "/"), route(second, "/", ["GET"])])
    assert found(table, b"/", b"GET") is second
    assert found(table, b"/", b"HEAD") is second
    assert found(table, b"/", b"POST") is first


def test_the_methods_of_the_whole_server() -> None:
    table = RouteTable([route(first, "/", ["GET"]), route(second, "/x", ["PUT"])])
    assert table.allow() == (b"GET", b"HEAD", b"OPTIONS", b"PUT")
    assert RouteTable().allow() == (b"OPTIONS",)


def arguments(table: RouteTable, path: bytes) -> Any:
    raw, _, query = path.partition(b"?")
    match = table.find(raw, query, b"GET")
    return None if isinstance(match, Refusal) else (match.arguments, match.found)


def test_parameters_of_a_template() -> None:
    async def handler(id: int, name: str) -> None: ...

    table = RouteTable([route(handler, "/items/{id:int}/{name}")])
    expected = {"id": 5, "name": "a"}
    assert arguments(table, b"/items/5/a/") == (expected, expected)
    assert found(table, b"/items/x/a") == ()
    assert found(table, b"/items/5") == ()


def test_parameters_of_an_expression_are_bytes() -> None:
    async def handler(id: bytes) -> None: ...

    table = RouteTable([route(handler, r"^/items/(?P<id>\d+)$")])
    assert arguments(table, b"/items/5?a=b") == ({"id": b"5"}, {"id": b"5"})


def test_groups_without_names_are_only_found() -> None:
    table = RouteTable([route(first, r"^/(\w)/(\w)$")])
    assert arguments(table, b"/a/b") == ({}, (b"a", b"b"))


def test_an_expression_sees_the_undecoded_path_and_the_query() -> None:
    table = RouteTable([route(first, r"^/%61\?x=1"), route(second, "/a")])
    assert found(table, b"/%61?x=1") is second
    table = RouteTable([route(first, r"^/%61\?x=1")])
    assert found(table, b"/%61?x=1") is first
    assert found(table, b"/a?x=1") == ()


def test_an_absent_group_leaves_the_parameters_default() -> None:
    async def handler(id: bytes = b"1", other: bytes | None = None) -> None: ...

    table = RouteTable([route(handler, r"^/p(?:/(?P<id>\d+))?(?:/(?P<other>\w+))?$")])
    assert arguments(table, b"/p")[0] == {"id": b"1", "other": None}
    assert arguments(table, b"/p/2")[0] == {"id": b"2", "other": None}


def test_an_absent_group_without_a_default_is_none() -> None:
    async def handler(id: bytes | None) -> None: ...

    table = RouteTable([route(handler, r"^/p(?:/(?P<id>\d+))?$")])
    assert arguments(table, b"/p")[0] == {"id": None}


def test_a_group_does_not_hide_what_handlers_are_given() -> None:
    async def handler(request: object) -> None: ...

    table = RouteTable([route(handler, r"^/(?P<request>\w+)$")])
    assert arguments(table, b"/a") == ({}, {"request": b"a"})


def test_a_parameter_does_not_either() -> None:
    with pytest.raises(ValueError, match="'request' is given to handlers already"):
        route(first, "/{request}")


def test_a_parameter_that_nothing_provides_is_refused_with_those_of_the_path() -> None:
    async def handler(identity: int) -> None: ...

    with pytest.raises(TypeError, match=r"'identity', .* there are id, request"):
        route(handler, "/{id:int}")


@pytest.mark.parametrize("order", [1, -1])
def test_a_literal_path_comes_before_patterns(order: int) -> None:
    routes = [route(first, "/items/new"), route(second, "/items/{id}"), route(third, "^/items")]
    table = RouteTable(routes[::order])
    assert found(table, b"/items/new") is first
    assert found(table, b"/items/n%65w/") is first


def test_of_patterns_the_last_wins() -> None:
    routes = [
        route(first, "/{a}/x"),
        route(second, "/x/{a}"),
        route(third, "/{rest:path}"),
        route(first, "^/q"),
    ]
    assert found(RouteTable(routes), b"/x/x") is third
    assert found(RouteTable(routes[:2]), b"/x/x") is second
    assert found(RouteTable(routes[1::-1]), b"/x/x") is first
    assert found(RouteTable(routes), b"/q/y") is first


def test_a_template_that_is_registered_again_is_the_last() -> None:
    table = RouteTable([route(first, "/{a}"), route(second, "^/"), route(third, "/{b}")])
    assert found(table, b"/x") is third
    assert arguments(table, b"/x") == ({"b": "x"}, {"b": "x"})


def test_methods_choose_between_routes_of_a_template() -> None:
    async def by_other_name(b: str) -> None: ...

    table = RouteTable([route(first, "/{a}", ["GET"]), route(by_other_name, "/{b}", ["POST"])])
    assert found(table, b"/x") is first
    assert found(table, b"/x", b"HEAD") is first
    assert found(table, b"/x", b"POST") is by_other_name
    assert found(table, b"/x", b"PUT") == (b"GET", b"HEAD", b"OPTIONS", b"POST")


def test_what_a_literal_path_does_not_take_is_left_to_patterns() -> None:
    table = RouteTable([route(first, "/items/new", ["GET"]), route(second, "/items/{id}", ["PUT"])])
    assert found(table, b"/items/new", b"GET") is first
    assert found(table, b"/items/new", b"PUT") is second
    assert found(table, b"/items/new", b"POST") == (b"GET", b"HEAD", b"OPTIONS", b"PUT")


def test_patterns_count_among_the_methods_of_the_whole_server() -> None:
    table = RouteTable([route(first, "/{a}", ["PUT"]), route(second, "^/x", ["POST"])])
    assert table.allow() == (b"OPTIONS", b"POST", b"PUT")


def test_the_way_back() -> None:
    assert route(first, "/caf\xe9").url_for({}) == "/caf%C3%A9"
    assert route(first, "/{id:int}").url_for({"id": 5}) == "/5"
    with pytest.raises(ValueError, match="regular expression"):
        route(first, "^/x").url_for({})
    with pytest.raises(ValueError, match="parameters of this path"):
        route(first, "/x").url_for({"id": 5})


@pytest.mark.parametrize("path", ["hello", "", "*", "{name}", "a/{name}"])
def test_a_path_without_a_slash_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="begins with a slash"):
        route(first, path)


def test_a_path_that_is_no_text_is_refused() -> None:
    with pytest.raises(TypeError, match="is a str"):
        route(first, b"/")  # type: ignore[arg-type] # the mistake under test


@pytest.mark.parametrize(
    ("methods", "error", "text"),
    [
        ("GET", TypeError, r"\['GET'\], not 'GET'"),
        ([], ValueError, "never reached"),
        (["GET POST"], ValueError, "'GET POST' is not the name of a method"),
        ([""], ValueError, "'' is not the name"),
        ([b"GET"], ValueError, "b'GET' is not the name"),
    ],
)
def test_methods_that_cannot_be(methods: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        route(first, "/", methods)


def test_a_route_is_picklable() -> None:
    twin = pickle.loads(pickle.dumps(route(first, "/hello/", ["GET"], status=404)))
    assert (twin.path, twin.methods, twin.plan.func) == ("/hello/", frozenset({b"GET"}), first)
    assert twin.options.status == (404, b"")


class _Work:
    """Counts the lines of Python that run while it is entered."""

    def __init__(self) -> None:
        self.lines = 0

    def __enter__(self) -> Self:
        # What is collected meanwhile, and whoever asked to be told of that, may run lines too.
        self._collects = gc.isenabled()
        gc.disable()
        self._before = sys.gettrace()
        sys.settrace(self._trace)
        return self

    def __exit__(self, *_: object) -> None:
        sys.settrace(self._before)
        if self._collects:
            gc.enable()

    def _trace(self, frame: FrameType, event: str, arg: object) -> Any:
        self.lines += event == "line"
        return self._trace


def work(table: RouteTable, path: bytes) -> int:
    with _Work() as counted:
        table.find(path, b"", b"GET")
    return counted.lines


@functools.cache
def table_of(size: int) -> RouteTable:
    return RouteTable(
        one
        for number in range(size)
        for one in (
            route(first, f"/p{number}/x"),
            route(second, f"/p{number}/x/{{id}}"),
            route(third, f"/p{number}/{{id:int}}/deep"),
        )
    )


@pytest.mark.parametrize(
    "path", [b"/p7/x", b"/p7/x/", b"/%707/x", b"/none", b"/p7/x/7", b"/p7/5/deep", b"/p7/5/none"]
)
def test_a_large_table_is_as_much_work_as_a_small_one(path: bytes) -> None:
    # Once before, so that nothing is counted that happens only the first time.
    small, large = table_of(10), table_of(2_000)
    assert found(small, path) is found(large, path) or found(small, path) == ()
    assert work(small, path) == work(large, path)


@pytest.mark.parametrize(
    "part", [b"/", b"/a", b"%2F", b"%", b"%25", b"/..", b"//%2e", b"a", b"1", b"\xff", b"/%00"]
)
def test_the_work_for_a_hostile_path_grows_no_faster_than_the_path(part: bytes) -> None:
    table = RouteTable(
        [
            route(first, "/{a}/{b:int}"),
            route(second, "/{a:float}"),
            route(third, "/x/{rest:path}"),
            route(first, "/{rest:path}"),
            route(second, "/{a:uuid}/{b}"),
        ]
    )
    once = work(table, b"/x" + part * 500)
    assert work(table, b"/x" + part * 1_000) <= 2 * once
