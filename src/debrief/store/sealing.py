"""Bytes sealed under the installation's secret: plain chunks in, authenticated ciphertext out, and back.

A sealed file is a header and chunks of AES-256-GCM, each under a nonce that holds its number and whether it
is the last: a stream of any length takes the memory of one chunk, and a chunk that is changed, moved, left
out or cut off is noticed. The last one also vouches for the name of what is sealed.
"""

import secrets
from collections.abc import Iterator
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from debrief.errors import Damaged

MAGIC = b"debrief\x01"
CHUNK = 1 << 16
SALT_BYTES = 32
MARK_BYTES = 8
TAG_BYTES = 16
HEADER_BYTES = len(MAGIC) + MARK_BYTES + SALT_BYTES


class Sealer:
    """Seals one stream: `header` first, then what `add` and `end` return, in this order.

    Each stream has a key of its own, made of the secret and a random salt: no nonce is used twice.
    """

    def __init__(self, secret: bytes) -> None:
        salt = secrets.token_bytes(SALT_BYTES)
        self.header = MAGIC + _mark(secret) + salt
        self._cipher = _cipher(secret, salt)
        self._waiting = bytearray()
        self._number = 0

    def add(self, plain: bytes) -> bytes:
        """The sealed chunks that are full with `plain`; a full one waits until another byte follows it."""
        self._waiting += plain
        sealed = bytearray()
        while len(self._waiting) > CHUNK:
            chunk = bytes(self._waiting[:CHUNK])
            del self._waiting[:CHUNK]
            sealed += self._cipher.encrypt(_nonce(self._number), chunk, self.header)
            self._number += 1
        return bytes(sealed)

    def end(self, name: bytes) -> bytes:
        """The last chunk, which holds under no other `name`."""
        nonce = _nonce(self._number, last=True)
        return self._cipher.encrypt(nonce, bytes(self._waiting), self.header + name)


def unsealed(stream: BinaryIO, secret: bytes, name: bytes) -> Iterator[bytes]:
    """The plain chunks of what was sealed under `name`.

    Raises `Damaged` at the first chunk that does not hold: what came before it is not to be used.
    """
    header = stream.read(HEADER_BYTES)
    if len(header) < HEADER_BYTES or not header.startswith(MAGIC):
        raise Damaged("is not sealed as this version seals")
    if header[len(MAGIC) : len(MAGIC) + MARK_BYTES] != _mark(secret):
        raise Damaged("was sealed under another secret.key")
    cipher = _cipher(secret, header[-SALT_BYTES:])
    number = 0
    chunk = stream.read(CHUNK + TAG_BYTES)
    while True:
        following = stream.read(CHUNK + TAG_BYTES)
        last = not following
        try:
            yield cipher.decrypt(_nonce(number, last=last), chunk, header + name if last else header)
        except (InvalidTag, ValueError) as error:
            raise Damaged("is not what was sealed") from error
        if last:
            return
        chunk = following
        number += 1


def _nonce(number: int, *, last: bool = False) -> bytes:
    return number.to_bytes(11, "big") + (b"\x01" if last else b"\x00")


def _cipher(secret: bytes, salt: bytes) -> AESGCM:
    return AESGCM(_derived(secret, salt, b"debrief transcript 1"))


def _mark(secret: bytes) -> bytes:
    """Tells one secret from another, and nothing of it."""
    return _derived(secret, None, b"debrief transcript mark 1")[:MARK_BYTES]


def _derived(secret: bytes, salt: bytes | None, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=salt, info=purpose).derive(secret)
