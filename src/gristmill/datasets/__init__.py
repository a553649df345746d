"""Records and bytes: seeds in; segments, what a manifest shows, and exports out."""

from gristmill.datasets.columns import decode_segment, encode_segment
from gristmill.datasets.compaction import compact_job
from gristmill.datasets.exports import Exported, Format, export_records
from gristmill.datasets.fingerprints import FingerprintSet
from gristmill.datasets.formats.conventions import CONVENTIONS, find_convention
from gristmill.datasets.formats.folder import FolderFacts, export_folder
from gristmill.datasets.formats.splits import Splits, check_splits, parse_splits
from gristmill.datasets.formats.trainers import KEYS, line_of
from gristmill.datasets.index import read_summary
from gristmill.datasets.nearset import NearSet
from gristmill.datasets.readers import (
    Printed,
    read_entries,
    read_example,
    read_fingerprints,
    read_newest,
    read_records,
    read_rejects,
    read_slot,
    read_standing_slots,
    read_unfinished,
)
from gristmill.datasets.rejects import RejectList, list_rejects
from gristmill.datasets.seedcheck import SeedSurvey, check_seeds, survey_seeds, unused_columns
from gristmill.datasets.seedcolumns import ColumnSurvey
from gristmill.datasets.seedfiles import PLAIN_READING, SeedLimits, SeedReading, reading_of
from gristmill.datasets.seeds import SeedsReader, StoredSeeds, open_seeds, seeds_name, store_seeds
from gristmill.datasets.segments import blob_name, write_segment
from gristmill.datasets.standing import StandingRecords
from gristmill.datasets.statistics import FieldStatistics, FieldSummary, RecordSummary

__all__ = [
    "CONVENTIONS",
    "KEYS",
    "PLAIN_READING",
    "ColumnSurvey",
    "Exported",
    "FieldStatistics",
    "FieldSummary",
    "FingerprintSet",
    "FolderFacts",
    "Format",
    "NearSet",
    "Printed",
    "RecordSummary",
    "RejectList",
    "SeedLimits",
    "SeedReading",
    "SeedSurvey",
    "SeedsReader",
    "Splits",
    "StandingRecords",
    "StoredSeeds",
    "blob_name",
    "check_seeds",
    "check_splits",
    "compact_job",
    "decode_segment",
    "encode_segment",
    "export_folder",
    "export_records",
    "find_convention",
    "line_of",
    "list_rejects",
    "open_seeds",
    "parse_splits",
    "read_entries",
    "read_example",
    "read_fingerprints",
    "read_newest",
    "read_records",
    "read_rejects",
    "read_slot",
    "read_standing_slots",
    "read_summary",
    "read_unfinished",
    "reading_of",
    "seeds_name",
    "store_seeds",
    "survey_seeds",
    "unused_columns",
    "write_segment",
]
