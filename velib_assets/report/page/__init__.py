"""The report's HTML page: template, style, scripts and chart library in one file."""
