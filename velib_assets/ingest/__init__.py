"""The ingest step: one feed response becomes one raw object, or goes to quarantine with its reason.

Start with `step`. It gets a response from a feed (`feeds`, over `http`), decodes it (`response`), audits its
records (`audit`) and writes the raw object (`raw_object`). `local_ingest` has the interface and the local
form; `lambda_client` calls the AWS form, `lambda_handler`. Lambda and Glue run this package on Python 3.9,
except the modules that end in `_client`.
"""
