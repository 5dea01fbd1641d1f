"""One feed response into raw: fetch, decode, audit, store or quarantine. Runs on Python 3.9."""
