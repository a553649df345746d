"""What users call their files: shown, read for its ending, and never a path."""

import unicodedata

LONGEST_LABEL = 120
NAMELESS = "seeds"


def label_of(name: str) -> str:
    """A name as it may be shown: without folders or what cannot be seen, and no longer than 120 characters.

    A long one keeps its ending, which says what the file holds.
    """
    last = name.replace("\\", "/").rpartition("/")[2]
    seen = "".join(one for one in last if unicodedata.category(one)[0] != "C")
    label = unicodedata.normalize("NFC", seen).strip().lstrip(".")
    if len(label) > LONGEST_LABEL:
        label = f"{label[: LONGEST_LABEL - 21]}…{label[-20:]}"
    return label or NAMELESS
