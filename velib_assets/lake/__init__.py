"""The lake: objects in a local folder or an S3 bucket, and the keys that locate them.

Start with `keys` (every key and every time in a key) and `schema` (the table's columns). `store` is the
interface; `folder_store` is its local form and `bucket_store` its S3 form. In a folder, `packing` puts the
raw objects of a day into one file (`raw_pack` has its form), where the store then reads them. `listing` lists
the contents of a lake, `ledger` has the state of each 15-minute slot, `text` makes external text safe to
show, and `disk_errors` explains why a path cannot be written. Lambda and Glue run this package on Python 3.9.
"""
