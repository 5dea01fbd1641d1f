"""Alerts and the sinks that deliver them.

`sinks.py` has the form of an alert, the interface of a sink, its four forms (the log, a file, a
webhook, an SNS topic), and their selection by VELIB_ALERTS. `defs/sensors` decides what is worth an alert.
"""
