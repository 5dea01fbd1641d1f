"""The daily insights report as one HTML page: what it looks like and how it behaves.

Belongs here: the template, its style and scripts (package data), and putting data and parts together.
Does not: the numbers (core, resources), or where the page is kept (assets).
"""
