import logging
from collections.abc import Iterator

import pytest

import tremolo.failures
from tremolo.testing import Misbehaviour
from tremolo.testing.failure_log import FailureLog

OURS = tremolo.failures.__file__


@pytest.fixture
def heard() -> Iterator[list[BaseException]]:
    errors: list[BaseException] = []
    log = FailureLog(errors.append, more=[logging.getLogger("app"), logging.getLogger("tremolo.x")])
    log.attach()
    yield errors
    log.detach()
    logging.getLogger("tremolo.x").error("too late")


def say(logger: str, *, file: str = OURS, level: int = logging.ERROR, error: object = None) -> None:
    info = (type(error), error, None) if isinstance(error, BaseException) else None
    record = logging.getLogger(logger).makeRecord(
        logger, level, file, 1, "something %s", ("happened",), info
    )
    logging.getLogger(logger).handle(record)


def test_an_exception_is_heard_as_it_is(heard: list[BaseException]) -> None:
    error = ValueError()
    say("tremolo.server", error=error)
    assert heard == [error]


def test_what_is_no_exception_is_heard_as_its_text(heard: list[BaseException]) -> None:
    say("tremolo")
    (error,) = heard
    assert isinstance(error, Misbehaviour)
    assert str(error) == "something happened"


def test_the_applications_logger_is_heard_too_and_each_line_once(
    heard: list[BaseException],
) -> None:
    say("app")
    say("tremolo.x")
    assert len(heard) == 2


def test_what_an_application_logs_is_its_own_affair(heard: list[BaseException]) -> None:
    say("tremolo", file=__file__)
    logging.getLogger("app").error("written in this file")
    assert heard == []


def test_what_is_no_error_is_not_heard(heard: list[BaseException]) -> None:
    say("tremolo.server", level=logging.WARNING)
    assert heard == []
