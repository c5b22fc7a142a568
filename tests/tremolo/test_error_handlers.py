"""Whose error handler is asked."""

import pickle

import pytest

from tremolo.error_handlers import ErrorHandlers
from tremolo.exceptions import BadRequest, Forbidden, HTTPException, HTTPRedirect, NotFound


def general() -> None: ...


def special() -> None: ...


def handlers(*added: tuple[object, object]) -> ErrorHandlers:
    registry = ErrorHandlers()
    for key, func in added:
        registry.add(key, func, ("exc",))  # type: ignore[arg-type] # keys that cannot be, too
    return registry


def for_status(registry: ErrorHandlers, failure: HTTPException) -> object:
    plan = registry.find_for_status(failure)
    return None if plan is None else plan.func


def for_exception(registry: ErrorHandlers, error: BaseException) -> object:
    plan = registry.find_for_exception(error)
    return None if plan is None else plan.func


def test_a_status_has_its_own() -> None:
    registry = handlers((403, special), (500, general))
    assert for_status(registry, Forbidden()) is special
    assert for_status(registry, HTTPException()) is general


def test_one_for_500_is_asked_for_statuses_without_an_answer_of_their_own() -> None:
    registry = handlers((500, general))
    assert for_status(registry, Forbidden()) is general
    assert for_status(registry, HTTPException(code=503)) is general
    for built_in in (BadRequest(), NotFound(), HTTPException(code=405)):
        assert for_status(registry, built_in) is None


@pytest.mark.parametrize("code", [299, 512, 599])
def test_other_statuses_are_nobodys(code: int) -> None:
    registry = handlers((500, general))
    assert for_status(registry, HTTPException(code=code)) is None
    assert for_status(registry, HTTPRedirect()) is None


def test_without_handlers_nobody_is_asked() -> None:
    assert for_status(ErrorHandlers(), HTTPException()) is None
    assert for_exception(ErrorHandlers(), ValueError()) is None


def test_an_exception_has_that_of_its_nearest_class() -> None:
    registry = handlers((LookupError, special), (Exception, general))
    assert for_exception(registry, KeyError()) is special
    assert for_exception(registry, ValueError()) is general
    assert for_exception(registry, SystemExit()) is None


def test_the_last_one_counts() -> None:
    assert for_status(handlers((403, general), (403, special)), Forbidden()) is special


@pytest.mark.parametrize("code", [200, 302, 399, 512])
def test_a_status_that_is_no_error_is_refused(code: int) -> None:
    with pytest.raises(ValueError, match=f"400 to 511, not {code}"):
        handlers((code, general))


@pytest.mark.parametrize("key", ["404", None, KeyboardInterrupt])
def test_a_key_that_is_neither_is_refused(key: object) -> None:
    with pytest.raises(TypeError, match="for a status or an exception"):
        handlers((key, general))


def test_a_handler_that_asks_for_more_is_refused() -> None:
    async def handler(exc: object, nobody: object) -> None: ...

    with pytest.raises(TypeError, match="'nobody'"):
        handlers((404, handler))


def test_a_copy_stays_as_it_is() -> None:
    registry = handlers((403, general), (ValueError, general))
    twin = registry.copy()
    registry.add(403, special, ())
    registry.add(ValueError, special, ())
    assert for_status(twin, Forbidden()) is general
    assert for_exception(twin, ValueError()) is general


def test_they_are_picklable() -> None:
    twin = pickle.loads(pickle.dumps(handlers((403, special), (KeyError, general))))
    assert for_status(twin, Forbidden()) is special
    assert for_exception(twin, KeyError()) is general
