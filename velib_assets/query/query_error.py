"""The one error of asking the lake something, whichever engine answers."""


class QueryError(Exception):
    """A question that was refused or could not be answered; the message is for the person who asked."""


class LakeReadError(QueryError):
    """A file of the lake cannot be read: the question is fine, the lake is not."""
