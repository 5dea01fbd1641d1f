"""Alerts and where they go: the log, a webhook, an SNS topic."""
