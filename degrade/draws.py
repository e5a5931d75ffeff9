"""Addressed draws: a random number is a function of its address, never of a queue.

The address names what is drawn, for example (seed, scene, "patch", index, try). Order, batch size,
worker and resume cannot change a draw, and a new parameter gets a new address, so it leaves the
draws of the others alone.
"""

from __future__ import annotations

from hashlib import blake2b

_TWO_32 = 2**32


def encode_address(address: tuple[str | int, ...]) -> bytes:
    """The canonical bytes of an address: equal bytes mean an equal address.

    Each part is a type tag (b"s" or b"i"), the payload's length as eight little-endian bytes, and
    the payload: UTF-8 for a str (lone surrogates, as in undecodable file names, pass through),
    decimal ASCII for an int. The tag keeps 1 and "1" apart, the length ("ab", "c") and ("a", "bc").

    Errors: TypeError for an empty address and for any part that is not exactly a str or an int (a
    bool, a float and a NumPy integer print alike on one machine and not on the next).
    """
    if not address:
        raise TypeError("a draw needs an address of at least one str or int, got none")
    encoded = bytearray()
    for position, part in enumerate(address):
        if type(part) is str:
            tag, payload = b"s", part.encode("utf-8", "surrogatepass")
        elif type(part) is int:
            tag, payload = b"i", b"%d" % part
        else:
            raise TypeError(
                f"part {position} of the address {address!r} is a {type(part).__name__}: "
                "a draw is addressed by exact str and int only; convert it first"
            )
        encoded += tag + len(payload).to_bytes(8, "little") + payload
    return bytes(encoded)


def draw_u32(*address: str | int) -> int:
    """An integer, uniform over 0 <= n < 2**32: the first four bytes, little-endian, of BLAKE2b.

    The digest (RFC 7693, digest_size=4, no key) is taken of `encode_address(address)`: the same on
    every machine and in every version of Python. Errors: as `encode_address`.
    """
    return int.from_bytes(blake2b(encode_address(address), digest_size=4).digest(), "little")


def draw_below(*address: str | int, bound: int) -> int:
    """An integer, uniform over 0 <= n < bound: (draw_u32 * bound) >> 32.

    Shares 2**32 draws among `bound` values, so no value's probability is off by more than
    bound / 2**32 of itself. Errors: ValueError unless 1 <= bound <= 2**32.
    """
    if not 1 <= bound <= _TWO_32:
        raise ValueError(f"bound is {bound}: a draw below it needs 1 <= bound <= 2**32")
    return (draw_u32(*address) * bound) >> 32
