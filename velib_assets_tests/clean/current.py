"""Whether a clean file is current."""

from __future__ import annotations

from datetime import datetime

from velib_assets.clean.hour import digest_of
from velib_assets.clean.rebuild import footer_of
from velib_assets.lake.listing import raw_listing
from velib_assets.lake.store import LakeStore


def is_current(store: LakeStore, hour: datetime) -> bool:
    """Return whether an hour's clean file was built from its current raw objects."""
    footer = footer_of(store, hour)
    return footer is not None and footer.digest == digest_of(raw_listing(store, hour))
