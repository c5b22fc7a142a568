"""Workers, if nobody says anything about them."""

from tremolo_transport.worker_settings import WorkerSettings


def test_there_is_one_and_no_limit() -> None:
    settings = WorkerSettings()
    assert (settings.number, settings.reuse_port) == (1, True)
    assert (settings.limit_memory, settings.limit_requests) == (None, None)
