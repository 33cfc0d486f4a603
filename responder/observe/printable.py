"""A peer's text made safe for a terminal: nothing in it moves the cursor, changes colours or breaks a line."""

from __future__ import annotations

_NAMED = {"\r": "\\r", "\n": "\\n", "\t": "\\t"}


def _escape(character: str) -> str:
    if character.isprintable():
        return character
    if character in _NAMED:
        return _NAMED[character]
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is not UTF-8, carried by surrogateescape
        code -= 0xDC00
    return f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def printable(text: str) -> str:
    """`text` on one line, whatever is not printable written as an escape; a byte that was not UTF-8 is `\\xNN`."""
    return text if text.isprintable() else "".join(map(_escape, text))


def printable_lines(data: bytes) -> list[str]:
    """The lines of a message for reading: CRLF or LF ends a line, everything else is `printable`."""
    lines = data.decode("utf-8", "surrogateescape").split("\n")
    return [printable(line.removesuffix("\r").replace("\t", "    ")) for line in lines]
