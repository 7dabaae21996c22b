"""Errors that a person can mend."""


class InputError(Exception):
    """Something that a person gave is unusable: the text names it and says what was expected.

    A node or command that meets one says its text in one line and exits with code 2.
    """


EXIT_INPUT_ERROR = 2
