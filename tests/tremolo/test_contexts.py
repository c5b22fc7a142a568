"""Contexts are objects and mappings at once, and keep what is their own."""

import copy
import pickle

import pytest

from tremolo.contexts import ConnectionContext, Context, RequestContext, WorkerContext

OPTIONS = {"buffer_size": 5}


def contexts() -> list[Context]:
    return [RequestContext(OPTIONS), ConnectionContext(OPTIONS, None), WorkerContext(OPTIONS)]


@pytest.mark.parametrize("context", contexts(), ids=repr)
def test_items_are_attributes(context: Context) -> None:
    context.user = "me"
    context["role"] = "admin"
    assert (context["user"], context.role) == ("me", "admin")
    assert "user" in context
    assert "nobody" not in context
    assert context.get("nobody", 5) == 5
    assert dict(context) == {"user": "me", "role": "admin"}
    assert len(context) == 2
    context.update(user="you")
    del context.role
    assert dict(context) == {"user": "you"}
    context.clear()
    assert not dict(context)


@pytest.mark.parametrize("context", contexts(), ids=repr)
def test_what_is_not_there_is_said_with_what_is(context: Context) -> None:
    context.user = "me"
    with pytest.raises(AttributeError, match="no attribute 'usr'; it holds user"):
        _ = context.usr
    with pytest.raises(KeyError, match="usr"):
        _ = context["usr"]
    with pytest.raises(KeyError, match="usr"):
        del context["usr"]


@pytest.mark.parametrize("context", contexts(), ids=repr)
@pytest.mark.parametrize("name", ["options", "get", "items", "__class__"])
def test_what_is_the_contexts_own_cannot_be_set(context: Context, name: str) -> None:
    with pytest.raises(AttributeError, match="choose another name"):
        context[name] = 1
    with pytest.raises(AttributeError, match="choose another name"):
        setattr(context, name, 1)
    assert context.options["buffer_size"] == 5


def test_names_of_other_contexts_can_be_set() -> None:
    context = RequestContext({})
    context.client = "mine"
    assert context["client"] == "mine"


def test_the_options_of_a_request_are_its_own() -> None:
    context = RequestContext(OPTIONS)
    context.options["more"] = 1
    assert OPTIONS == {"buffer_size": 5}


def test_a_connection_knows_its_client() -> None:
    assert ConnectionContext({}, ("192.0.2.1", 5)).client == ("192.0.2.1", 5)


@pytest.mark.parametrize("name", ["info", "connections"])
def test_what_only_nggit_tremolo_has_is_a_name_like_any_other(name: str) -> None:
    context = WorkerContext(OPTIONS)
    with pytest.raises(AttributeError, match=f"no attribute '{name}'"):
        getattr(context, name)
    context[name] = 1
    assert getattr(context, name) == 1


def test_without_tasks_there_are_none() -> None:
    assert not WorkerContext(OPTIONS).tasks
    assert not ConnectionContext(OPTIONS, None).tasks


def test_a_workers_options_are_those_of_the_last_build() -> None:
    context = WorkerContext(OPTIONS)
    context.use({"buffer_size": 7})
    assert context.options == {"buffer_size": 7}


def test_a_workers_context_can_be_pickled_and_copied() -> None:
    context = WorkerContext(OPTIONS)
    context.database = "here"
    for twin in (pickle.loads(pickle.dumps(context)), copy.copy(context)):
        assert twin.database == "here"
        assert twin.options == OPTIONS
