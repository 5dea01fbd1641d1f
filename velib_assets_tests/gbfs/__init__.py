"""Tests of whole GBFS feeds of any network and version, from the discovery to the rows."""
