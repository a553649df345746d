"""Browsing and searching a million records: making the index, pages, filters, searches, and a job that still runs."""
