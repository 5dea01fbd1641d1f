"""The interface of the lake's storage: bytes under keys, and two safe ways to write them."""

from __future__ import annotations

from typing import IO, Callable, List, NamedTuple, Optional, Protocol, Sequence, Tuple


class Stored(NamedTuple):
    """An object in a listing. `size` is in bytes; `etag` is empty in a folder."""

    key: str
    size: int
    etag: str = ""


class Change(NamedTuple):
    """A replacement of an object: its new bytes, or None to delete it."""

    key: str
    data: Optional[bytes]


class LakeStore(Protocol):
    """Objects under keys separated by `/`. Listings are sorted by key; an unknown prefix is empty.

    Every method that reads an object raises FileNotFoundError if it does not exist.
    """

    def list(self, prefix: str) -> List[Stored]:
        """List the objects directly below a prefix that ends in `/`."""
        ...

    def walk(self, prefix: str, first: str = "", last: str = "") -> List[Stored]:
        """List the objects at any depth below a prefix that ends in `/`; in S3, 1,000 per request.

        Args:
            prefix: where to start.
            first: the first subfolder to list, by name; empty for all.
            last: the last subfolder to list, by name; empty for all.
        """
        ...

    def folders(self, prefix: str) -> List[str]:
        """List the names of the folders directly below a prefix that ends in `/`, sorted."""
        ...

    def hash(self, stored: Stored) -> str:
        """Return the content hash of a listed object; equal bytes have equal hashes."""
        ...

    def fetch(self, key: str) -> Tuple[str, bytes]:
        """Return an object's content hash and its bytes, from one read."""
        ...

    def read(self, key: str) -> bytes:
        """Return an object's bytes."""
        ...

    def open(self, key: str) -> IO[bytes]:
        """Open an object as a seekable stream, to read a part of it."""
        ...

    def create(self, key: str, data: bytes) -> bool:
        """Store an object only if the key is free. Returns False if it is taken."""
        ...

    def publish(self, changes: Sequence[Change], precondition: Callable[[], bool]) -> bool:
        """Apply changes in order, each atomically, if `precondition()` holds at that time.

        Two writers with the same last key exclude each other.

        Returns:
            False, with nothing changed, if the precondition does not hold.
        """
        ...

    def address(self, key: str) -> str:
        """Return the path or the s3:// URI of an object."""
        ...
