"""What a Struct says where its parts do not go together: which part is to blame, and the mend."""


class Misfit(ValueError):
    """Parts of a Struct that do not go together; msgspec makes it the cause of its own error.

    Args:
        detail: what is wrong, one sentence.
        steps: from the Struct to the part that is to blame, names and indexes.
        mend: what to write instead.
    """

    def __init__(self, detail: str, *steps: str | int, mend: str) -> None:
        super().__init__(f"{detail}: {mend}")
        self.detail, self.steps, self.mend = detail, steps, mend
