"""The result of ingesting one response, also as the message that the Lambda function returns."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Dict, NamedTuple

from velib_assets.lake.keys import iso_utc

STORED, PRESENT, QUARANTINED = "stored", "present", "quarantined"
MISSING_COLUMNS, UNREAD = "missing_columns", "unread"


class IngestResult(NamedTuple):
    """The result of ingesting one response. `state` is stored, present (the key was taken) or quarantined.

    A stored result with the code MISSING_COLUMNS has as reason the columns of the table that the archive's
    file does not have. A present one with the code DIFFERENT or UNREAD has a remark about the archive.
    """

    state: str
    ingested_at: datetime
    key: str
    records: int = 0
    size: int = 0
    code: str = ""
    reason: str = ""

    def message(self) -> Dict[str, Any]:
        """Return the result as JSON data: the Lambda's response and Pipes message."""
        return {**self._asdict(), "ingested_at": iso_utc(self.ingested_at)}

    @classmethod
    def of(cls, message: Dict[str, Any]) -> IngestResult:
        """Read a result from JSON data.

        Raises:
            KeyError, TypeError, ValueError: if another version wrote it.
        """
        return cls(**{**message, "ingested_at": datetime.fromisoformat(message["ingested_at"])})
