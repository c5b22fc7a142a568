"""The names of an option, and how they are spelled on the command line."""

from tremolo.option import Option, Spelling, flag_of


def test_a_flag_has_hyphens() -> None:
    assert flag_of("keepalive_timeout") == "--keepalive-timeout"


def test_an_option_has_its_name_and_its_spellings() -> None:
    spellings = (Spelling(name="a_b"), Spelling(name="c", unit="NUMBER"))
    option = Option(name="x_y", fields=("x",), read=str, help="which", spellings=spellings)
    assert option.flag == "--x-y"
    assert option.names == ("x_y", "a_b", "c")
    assert [spelling.flag for spelling in spellings] == ["--a-b", "--c"]


def test_a_spelling_means_what_it_is_told_unless_it_says_otherwise() -> None:
    assert Spelling(name="a").means("5") == "5"
    assert Spelling(name="a", means=lambda told: f"unix:{told}").means("/x") == "unix:/x"
