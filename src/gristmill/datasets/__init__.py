"""Records and bytes: seeds in; segments, what a manifest shows, and exports out."""

from gristmill.datasets.columns import decode_segment, encode_segment
from gristmill.datasets.exports import Exported, Format, export_records
from gristmill.datasets.fingerprints import FingerprintSet
from gristmill.datasets.nearset import NearSet
from gristmill.datasets.readers import Printed, read_fingerprints, read_records, read_rejects, read_unfinished
from gristmill.datasets.rejects import RejectList, list_rejects
from gristmill.datasets.seeds import SeedsReader, StoredSeeds, check_seeds, seeds_name, store_seeds
from gristmill.datasets.segments import blob_name, write_segment
from gristmill.datasets.standing import StandingRecords

__all__ = [
    "Exported",
    "FingerprintSet",
    "Format",
    "NearSet",
    "Printed",
    "RejectList",
    "SeedsReader",
    "StandingRecords",
    "StoredSeeds",
    "blob_name",
    "check_seeds",
    "decode_segment",
    "encode_segment",
    "export_records",
    "list_rejects",
    "read_fingerprints",
    "read_records",
    "read_rejects",
    "read_unfinished",
    "seeds_name",
    "store_seeds",
    "write_segment",
]
