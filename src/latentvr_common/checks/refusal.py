"""Why a message is not used."""


class RefusedError(ValueError):
    """A message that is not used: the text names the field and says what was expected.

    `about`: the field alone, to count refusals by: one of a few words that stand in the code, never from a message.
    """

    def __init__(self, text: str, about: str = "") -> None:
        super().__init__(text)
        self.about = about
