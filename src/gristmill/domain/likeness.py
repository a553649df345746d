"""What a signature of a text is: whatever makes one and whatever compares two agree on this."""

# A signature has so many lanes of 16 bits each, four to a fingerprint. The share of lanes two signatures have in
# common estimates the share of shingles their texts have in common, with a standard error of at most 1 / 32.
LANES = 256
LANES_PER_FINGERPRINT = 4
SIGNATURE_FINGERPRINTS = LANES // LANES_PER_FINGERPRINT
