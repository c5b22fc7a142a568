"""Preconditions, against RFC 9110's steps written out one by one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tremolo.http_dates import format_http_date
from tremolo.preconditions import Outcome, Validators, judge_preconditions, range_counts
from tremolo_core import Headers

NOW = 1_000_000_000
CURRENT = Validators(etag=b'"a"', modified=NOW)

BEFORE, SAME, AFTER = (format_http_date(NOW + seconds) for seconds in (-1, 0, 1))


def judge(*fields: tuple[bytes, bytes], method: bytes = b"GET") -> Outcome:
    return judge_preconditions(method, Headers(fields), CURRENT)


@pytest.mark.parametrize(
    ("told", "matches", "matches_weakly"),
    [
        (b'"a"', True, True),
        (b'"b"', False, False),
        (b'W/"a"', False, True),
        (b'w/"a"', False, False),
        (b'"b", "a"', True, True),
        (b'"b" ,, W/"a"', False, True),
        (b'"b,\xff", "a"', True, True),
        (b"*", True, True),
        (b" * ", True, True),
        (b'*, "b"', False, False),
        (b"a", False, False),
        (b'"a', False, False),
        (b'"b" "a"', False, False),
        (b"", False, False),
    ],
)
def test_entity_tags(told: bytes, matches: bool, matches_weakly: bool) -> None:
    assert (judge((b"if-match", told)) is Outcome.PROCEED) is matches
    for method, outcome in ((b"GET", Outcome.NOT_MODIFIED), (b"PUT", Outcome.FAILED)):
        found = judge((b"if-none-match", told), method=method)
        assert found is (outcome if matches_weakly else Outcome.PROCEED)


def test_tags_in_several_lines_are_one_list() -> None:
    assert judge((b"if-match", b'"b"'), (b"if-match", b'"a"')) is Outcome.PROCEED


@pytest.mark.parametrize(
    ("date", "modified_since", "unmodified_since"),
    [
        (BEFORE, Outcome.PROCEED, Outcome.FAILED),
        (SAME, Outcome.NOT_MODIFIED, Outcome.PROCEED),
        (AFTER, Outcome.NOT_MODIFIED, Outcome.PROCEED),
        (b"Sunday, 09-Sep-01 01:46:40 GMT", Outcome.NOT_MODIFIED, Outcome.PROCEED),
        (b"now", Outcome.PROCEED, Outcome.PROCEED),
    ],
)
def test_dates(date: bytes, modified_since: Outcome, unmodified_since: Outcome) -> None:
    assert judge((b"if-modified-since", date)) is modified_since
    assert judge((b"if-modified-since", date), method=b"PUT") is Outcome.PROCEED
    for method in (b"GET", b"PUT"):
        assert judge((b"if-unmodified-since", date), method=method) is unmodified_since
    # One is expected, so two are none.
    for name in (b"if-modified-since", b"if-unmodified-since"):
        assert judge((name, date), (name, date)) is Outcome.PROCEED


def test_of_what_has_no_validators_nothing_is_known() -> None:
    fields = ((b"if-modified-since", AFTER), (b"if-unmodified-since", BEFORE))
    none = Validators()
    assert judge_preconditions(b"GET", Headers(fields), none) is Outcome.PROCEED
    told = Headers(((b"if-match", b'"a"'),))
    assert judge_preconditions(b"GET", told, none) is Outcome.FAILED


TAGS = st.sampled_from([b'"a"', b'W/"a"', b'"b"', b"*"])
DATES = st.sampled_from([BEFORE, SAME, AFTER])


@given(
    method=st.sampled_from([b"GET", b"HEAD", b"PUT"]),
    if_match=st.none() | TAGS,
    if_unmodified_since=st.none() | DATES,
    if_none_match=st.none() | TAGS,
    if_modified_since=st.none() | DATES,
)
def test_the_order_of_the_rfc(
    method: bytes,
    if_match: bytes | None,
    if_unmodified_since: bytes | None,
    if_none_match: bytes | None,
    if_modified_since: bytes | None,
) -> None:
    def steps() -> Outcome:
        # RFC 9110 13.2.2, as it stands there.
        if if_match is not None:
            if if_match not in (b'"a"', b"*"):
                return Outcome.FAILED
        elif if_unmodified_since == BEFORE:
            return Outcome.FAILED
        if if_none_match is not None:
            if if_none_match in (b'"a"', b'W/"a"', b"*"):
                return Outcome.FAILED if method == b"PUT" else Outcome.NOT_MODIFIED
        elif method != b"PUT" and if_modified_since in (SAME, AFTER):
            return Outcome.NOT_MODIFIED
        return Outcome.PROCEED

    told = {
        b"if-match": if_match,
        b"if-unmodified-since": if_unmodified_since,
        b"if-none-match": if_none_match,
        b"if-modified-since": if_modified_since,
    }
    fields = [(name, field) for name, field in told.items() if field is not None]
    assert judge(*fields, method=method) is steps()


RANGE = (b"range", b"bytes=0-1")


@pytest.mark.parametrize(
    ("condition", "counts"),
    [
        (b'"a"', True),
        (b'"b"', False),
        (b'W/"a"', False),
        (SAME, True),
        (BEFORE, False),
        (AFTER, False),
        (b"*", False),
        (b"whatever", False),
        (b'"a", "b"', False),
    ],
)
def test_a_range_on_condition(condition: bytes, counts: bool) -> None:
    headers = Headers((RANGE, (b"if-range", condition)))
    assert range_counts(b"GET", headers, CURRENT) is counts


def test_a_range_that_counts() -> None:
    assert range_counts(b"GET", Headers((RANGE,)), CURRENT)
    for method in (b"HEAD", b"POST", b"PUT"):
        assert not range_counts(method, Headers((RANGE,)), CURRENT)
    assert not range_counts(b"GET", Headers(), CURRENT)
    assert not range_counts(b"GET", Headers((RANGE, RANGE)), CURRENT)
    same = (b"if-range", b'"a"')
    assert not range_counts(b"GET", Headers((RANGE, same, same)), CURRENT)


def test_what_may_have_changed_in_the_same_second_is_not_known_by_its_date() -> None:
    current = Validators(etag=b'"a"', modified=NOW, settled=False)
    headers = Headers((RANGE, (b"if-range", SAME)))
    assert not range_counts(b"GET", headers, current)
    assert range_counts(b"GET", Headers((RANGE, (b"if-range", b'"a"'))), current)


def test_a_weak_tag_is_no_reason_to_go_on_in_the_middle() -> None:
    current = Validators(etag=b'W/"a"')
    assert not range_counts(b"GET", Headers((RANGE, (b"if-range", b'W/"a"'))), current)
