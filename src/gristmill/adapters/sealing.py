"""Secrets sealed with Fernet: AES-128-CBC with an HMAC, under a key derived from the server's secret."""

import base64
from typing import Self

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from gristmill.errors import BadInputError

# Other uses of the same secret derive other keys.
_PURPOSE = b"gristmill: keys of models"


class FernetSealer:
    """`ports.sealer.Sealer`."""

    def __init__(self, fernet: Fernet) -> None:
        self._fernet = fernet

    @classmethod
    def of(cls, secret: str) -> Self:
        """A sealer under the server's secret, which is random: stretching it would add nothing."""
        key = HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE).derive(secret.encode())
        return cls(Fernet(base64.urlsafe_b64encode(key)))

    def seal(self, text: str) -> str:
        return self._fernet.encrypt(text.encode()).decode()

    def unseal(self, sealed: str) -> str:
        try:
            return self._fernet.decrypt(sealed).decode()
        except InvalidToken as error:
            raise BadInputError(
                "An API key of a model was kept under another secret of this server: give the key again."
            ) from error
