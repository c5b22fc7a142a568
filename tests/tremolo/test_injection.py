"""What each kind of callable is given, and which are refused when they are registered."""

import functools
import pickle
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from typing import Any

import pytest

from tests.cases import for_each
from tremolo.injection import Kind, plan_call

PROVIDED = ("app", "request", "response")
AVAILABLE = {"app": 1, "request": 2, "response": 3}


async def coroutine(request: object) -> None: ...


def function(request: object) -> None: ...


async def async_generator(request: object) -> AsyncIterator[bytes]:
    yield b""


def generator(request: object) -> Iterator[bytes]:
    yield b""


class Methods:
    async def coroutine(self, request: object) -> None: ...

    def function(self, request: object) -> None: ...

    async def async_generator(self, request: object) -> AsyncIterator[bytes]:
        yield b""

    def generator(self, request: object) -> Iterator[bytes]:
        yield b""

    @classmethod
    async def on_the_class(cls, request: object) -> None: ...

    @staticmethod
    async def on_nothing(request: object) -> None: ...


class CoroutineObject:
    async def __call__(self, request: object) -> None: ...


class GeneratorObject:
    def __call__(self, request: object) -> Iterator[bytes]:
        yield b""


class FunctionObject:
    def __call__(self, request: object) -> None: ...


def plainly_around(func: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(func)
    def wrapper(**kwargs: Any) -> Any:
        return func(**kwargs)

    return wrapper


KINDS: list[tuple[Callable[..., Any], Kind]] = [
    (coroutine, Kind.ASYNC),
    (function, Kind.FUNCTION),
    (async_generator, Kind.ASYNC),
    (generator, Kind.GENERATOR),
    (Methods().coroutine, Kind.ASYNC),
    (Methods().function, Kind.FUNCTION),
    (Methods().async_generator, Kind.ASYNC),
    (Methods().generator, Kind.GENERATOR),
    (Methods.on_the_class, Kind.ASYNC),
    (Methods.on_nothing, Kind.ASYNC),
    (CoroutineObject(), Kind.ASYNC),
    (GeneratorObject(), Kind.GENERATOR),
    (FunctionObject(), Kind.FUNCTION),
    (functools.partial(coroutine), Kind.ASYNC),
    (functools.partial(functools.partial(generator)), Kind.GENERATOR),
    (functools.partial(Methods().async_generator), Kind.ASYNC),
    (functools.partial(CoroutineObject()), Kind.ASYNC),
    (functools.partial(function), Kind.FUNCTION),
    (plainly_around(coroutine), Kind.ASYNC),
    (plainly_around(plainly_around(async_generator)), Kind.ASYNC),
    (plainly_around(generator), Kind.GENERATOR),
    (plainly_around(function), Kind.FUNCTION),
    (lambda request: b"", Kind.FUNCTION),
]


@for_each(("func", "kind"), KINDS)
def test_every_kind_of_callable_is_known_and_given_what_it_names(
    func: Callable[..., Any], kind: Kind
) -> None:
    plan = plan_call(func, provided=PROVIDED)
    assert plan.kind is kind
    assert plan.arguments(AVAILABLE) == {"request": 2}
    result = plan.func(**plan.arguments(AVAILABLE))
    if isinstance(result, Coroutine):
        result.close()


def test_var_keyword_takes_everything() -> None:
    def handler(**server: object) -> None: ...

    assert plan_call(handler, provided=PROVIDED).arguments(AVAILABLE) == AVAILABLE


def test_var_keyword_beside_names_takes_everything() -> None:
    def handler(request: object, *, app: object, **server: object) -> None: ...

    assert plan_call(handler, provided=PROVIDED).arguments(AVAILABLE) == AVAILABLE


def test_keyword_only_and_variable_positional_parameters_are_no_obstacle() -> None:
    def handler(*args: object, app: object) -> None: ...

    assert plan_call(handler, provided=PROVIDED).arguments(AVAILABLE) == {"app": 1}


def test_a_name_that_is_provided_beats_its_default() -> None:
    def handler(request: object = None, other: int = 5) -> None: ...

    plan = plan_call(handler, provided=PROVIDED)
    assert plan.arguments(AVAILABLE) == {"request": 2}
    assert plan.options == {"other": 5}
    assert plan.defaults == {"request": None}


def test_defaults_are_options() -> None:
    def handler(
        status: tuple[int, bytes] = (503, b"x"), *, content_type: str = "a/b", **server: object
    ) -> None: ...

    assert plan_call(handler, provided=PROVIDED).options == {
        "status": (503, b"x"),
        "content_type": "a/b",
    }


def test_options_replace_defaults_and_are_given_to_the_parameter() -> None:
    def handler(model: str, status: int = 200) -> tuple[str, int]:
        return model, status

    plan = plan_call(handler, provided=PROVIDED, options={"model": "M", "status": 404, "x": 1})
    assert plan.options == {"model": "M", "status": 404, "x": 1}
    assert plan.func(**plan.arguments(AVAILABLE)) == ("M", 404)


def test_something_else_can_be_called_in_its_place() -> None:
    def handler(model: str, request: object) -> None: ...

    def instead(**arguments: object) -> object:
        return arguments

    plan = plan_call(handler, provided=PROVIDED, options={"model": "M"}, call=instead)
    assert plan.name.endswith("handler")
    assert plan.func(**plan.arguments(AVAILABLE)) == {"model": "M", "request": 2}


def test_options_without_a_parameter_are_not_given() -> None:
    def handler(**server: object) -> dict[str, object]:
        return server

    plan = plan_call(handler, provided=PROVIDED, options={"model": "M"})
    assert plan.func(**plan.arguments(AVAILABLE)) == AVAILABLE
    assert plan.options == {"model": "M"}


def test_an_option_called_like_what_is_provided_is_refused() -> None:
    with pytest.raises(TypeError, match="no option may be called 'app'"):
        plan_call(coroutine, provided=PROVIDED, options={"app": 1})


def test_what_a_partial_has_bound_is_left_alone() -> None:
    def handler(request: object, app: object) -> object:
        return request, app

    plan = plan_call(functools.partial(handler, app="mine"), provided=PROVIDED)
    assert plan.func(**plan.arguments(AVAILABLE)) == (2, "mine")


def test_what_a_partial_has_bound_is_left_alone_beside_var_keyword() -> None:
    def handler(app: object, **server: object) -> object:
        return app, server

    plan = plan_call(functools.partial(handler, app="mine"), provided=PROVIDED)
    assert plan.func(**plan.arguments(AVAILABLE)) == ("mine", {"request": 2, "response": 3})


def test_a_parameter_that_nothing_provides_is_named_with_what_there_is() -> None:
    def handler(request: object, requets: object) -> None: ...

    with pytest.raises(TypeError) as caught:
        plan_call(handler, provided=PROVIDED)
    assert "handler has the parameter 'requets', which nothing provides" in str(caught.value)
    assert "app, request, response" in str(caught.value)


def test_a_keyword_only_parameter_that_nothing_provides_is_refused() -> None:
    def handler(*, nobody: object) -> None: ...

    with pytest.raises(TypeError, match="'nobody'"):
        plan_call(handler, provided=PROVIDED)


def test_a_positional_only_parameter_is_refused() -> None:
    def handler(request: object, /) -> None: ...

    with pytest.raises(TypeError, match="positional-only parameter 'request'"):
        plan_call(handler, provided=PROVIDED)


def test_what_cannot_be_called_is_refused() -> None:
    with pytest.raises(TypeError, match="can be called, not 'text'"):
        plan_call("text", provided=PROVIDED)  # type: ignore[arg-type] # the mistake under test


def test_a_builtin_that_hides_its_parameters_is_refused() -> None:
    with pytest.raises(TypeError, match="does not tell its parameters"):
        plan_call(dict, provided=PROVIDED)


def passing_on(func: Callable[..., Awaitable[object]]) -> Callable[..., Awaitable[object]]:
    @functools.wraps(func)
    async def wrapper(*args: Any, **kwargs: Any) -> object:
        return await func(*args, **kwargs)

    return wrapper


def adding_a_user(func: Callable[..., Awaitable[object]]) -> Callable[..., Awaitable[object]]:
    @functools.wraps(func)
    async def wrapper(request: object, **kwargs: Any) -> object:
        return await func(request=request, user="me", **kwargs)

    return wrapper


def test_a_decorator_that_passes_on_asks_for_what_the_inner_function_asks_for() -> None:
    async def handler(request: object, content_type: str = "a/b") -> None: ...

    plan = plan_call(passing_on(passing_on(handler)), provided=PROVIDED)
    assert plan.arguments(AVAILABLE) == {"request": 2}
    assert plan.options == {"content_type": "a/b"}


def test_a_decorator_may_provide_what_nothing_else_does() -> None:
    async def handler(request: object, user: str, app: object) -> None: ...

    plan = plan_call(adding_a_user(handler), provided=PROVIDED)
    assert plan.arguments(AVAILABLE) == {"request": 2, "app": 1}


def test_a_decorator_that_passes_nothing_on_is_all_there_is() -> None:
    async def handler(nobody: object) -> None: ...

    @functools.wraps(handler)
    async def wrapper(request: object) -> None: ...

    assert plan_call(wrapper, provided=PROVIDED).arguments(AVAILABLE) == {"request": 2}


def test_a_decorator_around_var_keyword_takes_everything() -> None:
    async def handler(**server: object) -> None: ...

    assert plan_call(passing_on(handler), provided=PROVIDED).arguments(AVAILABLE) == AVAILABLE


def test_a_plan_is_picklable() -> None:
    plan = pickle.loads(pickle.dumps(plan_call(coroutine, provided=PROVIDED, options={"x": 1})))
    assert plan.func is coroutine
    assert (plan.kind, plan.names, plan.options) == (Kind.ASYNC, ("request",), {"x": 1})


def test_what_must_be_named_is_given_to_nobody_else() -> None:
    async def named(request: Any, sse: Any = None, **server: Any) -> None: ...

    async def not_named(**server: Any) -> None: ...

    plan = plan_call(named, provided=PROVIDED, if_named=("sse",))
    assert plan.asked == {"sse"}
    assert plan.arguments({**AVAILABLE, "sse": 1})["sse"] == 1
    assert "sse" not in plan.options
    assert plan_call(not_named, provided=PROVIDED, if_named=("sse",)).asked == frozenset()


def test_what_must_be_named_may_be_all_that_is() -> None:
    async def handler(sse: Any) -> None: ...

    plan = plan_call(handler, provided=PROVIDED, if_named=("sse", "other"))
    assert plan.asked == {"sse"}
    assert plan.arguments({"sse": 1, **AVAILABLE}) == {"sse": 1}


def test_an_option_may_not_have_the_name_of_what_must_be_named() -> None:
    with pytest.raises(TypeError, match="'sse', which is provided anyway"):
        plan_call(lambda: None, provided=PROVIDED, if_named=("sse",), options={"sse": 1})
