"""A published month as that of another network, with what its feed says of the licence."""

from __future__ import annotations

from velib_assets.lake.network import Network
from velib_assets.publish.provenance import Provenance, provenance_of

BAY = Network("bay_wheels", "Bay | <Wheels> {*}", "America/Los_Angeles")
SYSTEM = {"operator": "Lyft, Inc", "url": "https://example.org/bikes"}
LICENCES = {
    "unknown": {},
    "identifier": {"license_id": "cc-by-4.0"},
    "other identifier": {"license_id": "LicenseRef-Our Terms"},
    "address": {"license_url": "https://example.org/terms"},
    "odbl": {"license_id": "ODbL-1.0", "attribution_organization_name": "City of Bay"},
    "nothing": {"operator": "", "url": ""},
}
"""What `system_information` says, by a name for it."""


def provenance(licence: str) -> Provenance:
    """Return the provenance of Bay Wheels with one of `LICENCES`."""
    return provenance_of(BAY, {**SYSTEM, **LICENCES[licence]})
