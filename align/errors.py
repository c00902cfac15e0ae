"""The one error of the package."""

from __future__ import annotations


class AlignError(ValueError):
    """Something the user can mend: what, where (file:line), both numbers, and the remedy.

    The command line prints the message without a traceback and exits with 2.
    """
