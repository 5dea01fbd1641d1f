"""The lake: objects in a local folder or an S3 bucket, and the keys that locate them.

Start with `keys` (every key and every time in a key) and `schema` (the table's columns). `store` is the
interface; `folder_store` is its local form and `bucket_store` its S3 form. `listing` answers what a lake
contains, `ledger` says which 15-minute slots are stored, quarantined or missed, and `text` makes external
text safe to show. Lambda and Glue run this package on Python 3.9.
"""
