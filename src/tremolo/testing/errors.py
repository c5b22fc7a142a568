"""What a test is told of an application that misbehaves though its answers are right.

What a handler raises is raised in the test as it is, and needs no error of ours.
"""

__all__ = ("Misbehaviour",)


class Misbehaviour(AssertionError):
    """The application did, or left behind, what no answer shows. The text says what, and where."""
