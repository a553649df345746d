"""Records and bytes: seeds in; segments, what a manifest shows, and exports out."""

from gristmill.datasets.columns import decode_segment, encode_segment
from gristmill.datasets.fingerprints import FingerprintSet
from gristmill.datasets.readers import Printed, read_fingerprints, read_records, read_rejects, read_unfinished
from gristmill.datasets.segments import blob_name, write_segment

__all__ = [
    "FingerprintSet",
    "Printed",
    "blob_name",
    "decode_segment",
    "encode_segment",
    "read_fingerprints",
    "read_records",
    "read_rejects",
    "read_unfinished",
    "write_segment",
]
