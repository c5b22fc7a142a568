import workers


def test_a_line_compares_round_by_round() -> None:
    # The second round was slow for both; the medians of each side would give 1.2.
    line = workers.line("trio", "any way", [(50.0, 50.0), (100.0, 110.0), (50.0, 60.0)])
    assert line == "| trio | any way | 50.0 | 60.0 | 1.100 | 1.000 to 1.200 |"


def test_what_else_was_measured_beside_is_compared_too() -> None:
    line = workers.line("trio", workers.BESIDE, [(50.0, 60.0, 80.0)])
    assert line.endswith("| 1.200 | 1.200 to 1.200; next to two programs 0.750 |")


def test_two_have_as_much_to_do_each_or_in_all() -> None:
    for way in workers.WAYS:
        one, two = way.clients
        assert two in (one, 2 * one)
        if way.shares is not None:
            assert way.shares[1] / way.shares[0] == two / one
            # They have one core.
            assert way.shares[1] < 1
