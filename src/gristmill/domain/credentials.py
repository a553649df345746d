"""E-mail addresses and passwords as people type them, brought into the one form that is compared."""

import re
import unicodedata

from gristmill.errors import BadInputError

LONGEST_EMAIL = 254  # RFC 5321, 4.5.3.1.3, less the angle brackets
LONGEST_LOCAL_PART = 64
SHORTEST_PASSWORD = 10
LONGEST_PASSWORD = 1024
LONGEST_LABEL = 100

# A plain check: the mail that is sent is the real one. Nothing passes that could end a header or add a recipient.
_EMAIL = re.compile(r"""[^\s@<>()\[\],;:\\"]+@[^\s@<>()\[\],;:\\"._-][^\s@<>()\[\],;:\\"_]*""")


def normal_email(text: str) -> str:
    """The address trimmed, in NFC and lower case. Raises BadInputError when it is none."""
    email = unicodedata.normalize("NFC", text.strip()).lower()
    local, _, host = email.partition("@")
    is_well_formed = email.isprintable() and "=?" not in email and _EMAIL.fullmatch(email) and "" not in host.split(".")
    if not is_well_formed or len(email) > LONGEST_EMAIL or len(local) > LONGEST_LOCAL_PART:
        raise BadInputError("This is not an e-mail address: write one such as ada@example.org.")
    return email


def normal_password(text: str) -> str:
    """The password in NFC, for keyboards differ in how they compose letters. Raises BadInputError when no text."""
    password = unicodedata.normalize("NFC", text)
    try:
        password.encode()
    except UnicodeEncodeError as error:
        raise BadInputError("The password holds half a character.") from error
    return password


def new_password(text: str, email: str) -> str:
    """A password as `normal_password` has it, if it may be chosen. Raises BadInputError.

    Length and nothing else: rules of composition make passwords worse (NIST SP 800-63B, 3.1.1.2).
    """
    password = normal_password(text)
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise BadInputError(f"A password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD:,} characters.")
    if password.strip().lower() in (email, email.partition("@")[0]):
        raise BadInputError("The password must not be the e-mail address.")
    return password


def plain_query(text: str) -> str:
    """What is looked for, as it can be sent to any store. Raises BadInputError for what stands in no text."""
    if not text.isprintable():
        raise BadInputError("What is looked for is one line of text.")
    return text


def plain_label(text: str, what: str) -> str:
    """A short text of one line, trimmed. Raises BadInputError, which says `what` it is."""
    label = unicodedata.normalize("NFC", text.strip())
    if not label or not label.isprintable() or len(label) > LONGEST_LABEL:
        raise BadInputError(f"{what} has 1 to {LONGEST_LABEL} characters on one line.")
    return label
