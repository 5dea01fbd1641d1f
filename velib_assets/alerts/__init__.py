"""Alerts and the sinks that deliver them: the log, a webhook, an SNS topic.

Read `alert` first: what an alert is and the interface of a sink, with the two sinks that need no AWS; `sns`
is the third. What is worth an alert is decided in `defs.sensors`.
"""
