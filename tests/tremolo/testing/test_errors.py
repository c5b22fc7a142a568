from tremolo.testing import Misbehaviour


def test_misbehaviour_fails_a_test_as_an_assertion_does() -> None:
    assert issubclass(Misbehaviour, AssertionError)
