"""Records to bytes and back: seeds in; segments, manifest, exports and statistics out."""
