"""What a program's end says."""

import pytest

from tremolo.exit_codes import ExitCode, complain


def test_codes_are_those_of_the_documentation() -> None:
    codes = {each.name: int(each) for each in ExitCode}
    assert codes == {"OK": 0, "FAILED": 1, "APPLICATION": 3, "STUCK": 4}


def test_a_complaint_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    complain("no")
    assert capsys.readouterr() == ("", "tremolo: no\n")
