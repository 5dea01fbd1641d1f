"""The ingest step: one feed response becomes one raw object, or goes to quarantine with its reason.

Start with `step`, which has the resource `Ingest`. It gets a `response` from a feed (`feeds`, over `http`),
decodes it (`decode`, within the limits of `json_document`), audits its records (`audit`, with the rule of
`counts`) and writes the raw object (`raw_object`), or quarantines the response (`quarantine`). Both are an
`ingest_result`. `same_source` keeps simulated snapshots out of a real lake; `discard` moves raw objects to
quarantine. `redaction` keeps the keys of URLs out of messages. On AWS, `lambda_client` calls
`lambda_handler`, which runs the same step. Lambda and Glue run this package on Python 3.9, except the modules
that end in `_client`.

The files of a GBFS feed are found by `gbfs_discovery`, read by `gbfs_document` in the forms of any version,
and joined by `gbfs_records` (Vélib' by `gbfs_join` alone). `gbfs_version` and `gbfs_system` say what they
are; `network_file` keeps what the lake's other readers need of that, `feed_facts` what a run shows.
"""
