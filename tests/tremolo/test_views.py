"""Which functions of a class or a module are handlers, and what is called for them."""

import pickle
from types import ModuleType
from typing import Any

import pytest

from tremolo.views import ViewHandler, view_handlers


class Base:
    def __init__(self, model: str = "none") -> None:
        self.model = model

    def put(self, request: object) -> object:
        return "put", self.model, request


class View(Base):
    post = None
    trace = "no handler"

    def get(self, request: object) -> object:
        return "get", self.model, request

    @classmethod
    def patch(cls, request: object) -> object:
        return "patch", cls, request

    @staticmethod
    def delete(request: object) -> object:
        return "delete", request

    def helper(self) -> None: ...

    def _head(self) -> None: ...


def handlers(view: Any, **options: Any) -> dict[str, ViewHandler]:
    return {handler.method: handler for handler in view_handlers(view, options)}


def test_only_methods_of_http_are_handlers() -> None:
    assert set(handlers(View)) == {"delete", "get", "patch", "put"}


def test_each_is_called_on_an_instance_made_of_the_options() -> None:
    found = handlers(View, model="M")
    assert found["get"].call(request=1) == ("get", "M", 1)
    assert found["put"].call(request=1) == ("put", "M", 1)
    assert found["patch"].call(request=1) == ("patch", View, 1)
    assert found["delete"].call(request=1) == ("delete", 1)


def test_each_request_has_an_instance_of_its_own() -> None:
    class Counting:
        made = 0

        def __init__(self) -> None:
            Counting.made += 1

        def get(self) -> int:
            return Counting.made

    call = handlers(Counting)["get"].call
    assert [call(), call()] == [1, 2]


def test_what_is_called_is_picklable() -> None:
    call = pickle.loads(pickle.dumps(handlers(View, model="M")["get"].call))
    assert call(request=1) == ("get", "M", 1)


def test_a_class_that_does_not_take_the_options() -> None:
    with pytest.raises(TypeError, match=r"View cannot be made of these options: .*'colour'"):
        handlers(View, colour="red")


def test_a_class_without_handlers() -> None:
    with pytest.raises(ValueError, match="int defines none of delete, get, head, options, patch"):
        handlers(int)


def test_a_module_has_its_functions() -> None:
    module = ModuleType("the_module")

    def get() -> str:
        return "got"

    vars(module).update(get=get, helper=get, post="no handler")
    (handler,) = view_handlers(module, {})
    assert (handler.method, handler.func, handler.call) == ("get", get, get)
    with pytest.raises(TypeError, match="the module the_module takes no options"):
        handlers(module, model="M")
    with pytest.raises(ValueError, match="empty defines none of"):
        handlers(ModuleType("empty"))
