"""The function on AWS and its caller work for one network."""

import pytest

from velib_assets.ingest.lambda_handler import ensure_network


def test_function_refuses_the_caller_of_another_network() -> None:
    ensure_network(None, {})
    ensure_network("velib", {"VELIB_NETWORK": "velib"})
    with pytest.raises(
        ValueError, match=r"works for the network velib, and the caller for rouen\. Set VELIB_NET"
    ):
        ensure_network("rouen", {})
    with pytest.raises(ValueError, match=r"VELIB_NETWORK: 'Bay-Wheels' is not the key .* example bay_wheels"):
        ensure_network(None, {"VELIB_NETWORK": "Bay-Wheels"})
