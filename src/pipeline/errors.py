"""The one error a user can cause: its message is a sentence that says what, where and what to do."""


class UserError(Exception):
    """Something the user can mend. The command line prints the sentence and exits with 2."""
