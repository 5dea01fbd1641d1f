"""The ingest step: one feed response becomes one raw object, or goes to quarantine with its reason.

Start with `step`, which has the resource `Ingest`. It gets a response from a feed (`feeds`, over `http`),
decodes it (`response`; the two files of GBFS by `gbfs_join`), audits its records (`audit`, with the rule of
`counts`) and writes the raw object (`raw_object`). `discard` moves raw objects to quarantine. On AWS,
`lambda_client` calls `lambda_handler`, which runs the same step. Lambda and Glue run this package on Python
3.9, except the modules that end in `_client`.
"""
