"""The history: the hours of a closed UTC day in one Parquet file, and the days of a closed month in another.

Start with `day`, which builds the file of a day from its clean files, and `month`, which builds the file of a
month from its day files. `day_rows` reads and sorts rows, `history_file` encodes them and reads footers.
`digests` says of what a file was built; it needs no pyarrow. `currency` finds days and months that are not
current; `history_registration` and `history_removal` keep the catalog as the files are. `local_history_job`
has the interface of the job and its local form. On AWS, `history_client` starts a Glue run or calls the clean
function, which builds by `remote_history`. Glue runs this package on Python 3.9, except the modules that end
in `_client`.
"""
