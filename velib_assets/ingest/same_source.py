"""Keeps simulated snapshots out of a lake of real ones."""

from __future__ import annotations

from velib_assets.ingest.raw_object import open_raw
from velib_assets.ingest.response import SIMULATOR, UnusableError
from velib_assets.lake.listing import first_and_last_keys
from velib_assets.lake.store import LakeStore


class SourceMismatchError(Exception):
    """A snapshot was about to go into a lake of another network, or a simulated one among real ones."""


def ensure_same_source(store: LakeStore, feed: str) -> None:
    """Keep simulated snapshots out of a lake of real ones.

    Args:
        store: the lake.
        feed: the feed of the snapshot to be written.

    Raises:
        SourceMismatchError: with the address of a raw object from another feed.
    """
    for key in first_and_last_keys(store) if feed == SIMULATOR else ():
        try:
            other = open_raw(store.read(key)).feed
        except (UnusableError, FileNotFoundError):
            continue
        if other != SIMULATOR:
            raise SourceMismatchError(
                f"the simulator cannot write into a lake of {other} snapshots: {store.address(key)}. "
                "Set VELIB_LAKE to another folder, or move this lake away."
            )
