"""Removes the history of a day whose snapshots were all discarded, and of a month without days."""

from __future__ import annotations

from datetime import date

from velib_assets.catalog.catalog import Catalog
from velib_assets.history.currency import is_discarded
from velib_assets.history.day import clean_listing
from velib_assets.history.month import day_listing
from velib_assets.lake.keys import day_text, history_day_key, history_month_key, hours_of_day
from velib_assets.lake.months import days_of_month, month_text
from velib_assets.lake.store import Change, LakeStore


def remove_day(store: LakeStore, catalog: Catalog, day: date) -> bool:
    """Remove the history file of a UTC day and its registration.

    Returns:
        False, with nothing changed, if the day has a clean file, or if its snapshots were not discarded: the
        history of hours that were only cleared away stays.

    Raises:
        OSError, CatalogError: if something cannot be removed.
    """
    if not is_discarded(store, day):
        return False
    hours, change = hours_of_day(day), Change(history_day_key(day), None)
    if not store.publish([change], lambda: not clean_listing(store, hours)):
        return False
    catalog.unregister_history([day_text(day)])
    return True


def remove_month(store: LakeStore, catalog: Catalog, month: date) -> bool:
    """Remove the file of a month and its registration.

    Returns:
        False, with nothing changed, if the month has a day file.

    Raises:
        OSError, CatalogError: if something cannot be removed.
    """
    days, change = days_of_month(month), Change(history_month_key(month), None)
    if not store.publish([change], lambda: not day_listing(store, days)):
        return False
    catalog.unregister_history([month_text(month)])
    return True
