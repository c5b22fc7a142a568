"""The time in two spellings."""

import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from tremolo.utils import log_date, server_date


def test_the_time_of_a_log() -> None:
    before = int(time.time())
    told = time.mktime(time.strptime(log_date(), "[%Y-%m-%d %H:%M:%S]"))
    assert before <= told <= time.time()


def test_the_time_of_a_field() -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    text = server_date()
    assert text.endswith(b" GMT")
    assert before <= parsedate_to_datetime(text.decode()) <= datetime.now(UTC)
