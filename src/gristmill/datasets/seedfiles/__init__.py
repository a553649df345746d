"""A user's seed file, or folder of texts, as rows one at a time: JSON, JSONL, CSV, TSV, Parquet, text and Markdown."""

from gristmill.datasets.seedfiles.formats import read_seed_rows
from gristmill.datasets.seedfiles.rows import PLAIN_READING, SeedLimits, SeedReading, reading_of, text_of

__all__ = ["PLAIN_READING", "SeedLimits", "SeedReading", "read_seed_rows", "reading_of", "text_of"]
