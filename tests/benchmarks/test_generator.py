import pytest
from generator import read_wrk

PRINTED = """\
Running 1s test @ http://127.0.0.1:1/
  1 threads and 16 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.05ms  300.00us   9.99ms   90.00%
    Req/Sec    15.10k     1.00k   16.00k    70.00%
  15123 requests in 1.01s, 2.10MB read
Requests/sec:  14973.27
Transfer/sec:      2.08MB
"""


def test_the_rate_and_the_count_are_read() -> None:
    figure = read_wrk(PRINTED, may_close=False)
    assert (figure.value, figure.count) == (14_973.27, 15_123)


def test_an_error_is_no_figure() -> None:
    bad = PRINTED.replace("Requests/sec", "Non-2xx or 3xx responses: 7\nRequests/sec")
    with pytest.raises(RuntimeError, match="Non-2xx or 3xx responses: 7"):
        read_wrk(bad, may_close=True)
    closed = PRINTED.replace(
        "Requests/sec", "Socket errors: connect 0, read 3, write 0, timeout 0\nRequests/sec"
    )
    with pytest.raises(RuntimeError, match="Socket errors"):
        read_wrk(closed, may_close=False)
    assert read_wrk(closed, may_close=True).count == 15_123
    with pytest.raises(RuntimeError, match="wrk said"):
        read_wrk("unable to connect", may_close=False)
