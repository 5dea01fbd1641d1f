"""The lake: object keys, the ledger of slots, and objects in a folder or a bucket. Runs on Python 3.9."""
