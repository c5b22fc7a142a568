"""How a server parts with its clients, if nobody says how."""

from tremolo_transport.parting import Parting


def test_untold_it_keeps_to_the_settings_and_goes_away() -> None:
    assert Parting() == Parting(delay=None, last_call=0.0, close_code=1001)
    assert len({Parting(), Parting(), Parting(delay=0.0)}) == 2
