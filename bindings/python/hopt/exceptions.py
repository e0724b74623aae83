"""Errors: hyperopt's, and LibraryError for what libhopt says."""


class LibraryError(Exception):
    """libhopt refused or failed; `status` is its code (see STATUS_NAMES)."""

    def __init__(self, message, status=None):
        super().__init__(message)
        self.status = status


class SpaceExhausted(Exception):
    """Every point of a finite space was tried."""


class LibraryNotFound(ImportError):
    """libhopt's shared library can't be loaded."""


class BadSearchSpace(Exception):
    """Something is wrong in the description of the search space."""


class DuplicateLabel(BadSearchSpace):
    """Two parameters of a search space have one label."""


class InvalidTrial(ValueError):
    """Not a trial document."""

    def __init__(self, msg, obj):
        super().__init__(msg + " " + str(obj))
        self.obj = obj


class InvalidResultStatus(ValueError):
    """The status that an objective returned is none of STATUS_STRINGS."""

    def __init__(self, result):
        super().__init__(result)
        self.result = result


class InvalidLoss(ValueError):
    """An objective returned status ok without a loss that is a number."""

    def __init__(self, result):
        super().__init__(result)
        self.result = result


class AllTrialsFailed(Exception):
    """No trial has ended with status ok."""


class InvalidAnnotatedParameter(ValueError):
    """An annotation of the objective is not from hp."""
