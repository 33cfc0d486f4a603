"""`users` of a file: who may authenticate, and with what secret."""

from __future__ import annotations

import re
from typing import Final

from responder.scenario import value_types as t
from responder.scenario.nodes import Mapping, Node
from responder.scenario.plan import User, Users
from responder.scenario.reading import Fields, Reader

_ha1: Final = re.compile(r"[0-9a-f]{32}|[0-9a-f]{64}").fullmatch
_A_HASH: Final = "32 hexadecimal digits (MD5), or 64 (SHA-256)"


def read_users(node: Node, reader: Reader) -> Users:
    """The users by name; those that are wrong are noted and left out."""
    users: dict[str, User] = {}
    for key, value in reader.pairs(node, "users", t.USERS) or ():
        name = key.text
        if not isinstance(value, Mapping):
            scalar = reader.text(value, name)
            if scalar is not None:
                users[name] = User(name, scalar.text)
            continue
        fields = Fields(value, "user", f"user '{name}'", reader)
        password, realm, hashes = fields.text("password"), fields.text("realm"), fields.of("ha1", t.TEXTS)
        if (password is None) == (hashes is None):
            reader.problems.add(key.place, f"user '{name}' has no secret, or two", "give either 'password' or 'ha1'")
            continue
        ha1s = [] if hashes is None else reader.several(hashes, "ha1", t.TEXTS) or []
        wrong = [ha1 for ha1 in ha1s if not _ha1(ha1.text.lower())]
        for ha1 in wrong:
            reader.problems.add(ha1.place, "'ha1' is no hash", _A_HASH)
        if len({len(ha1.text) for ha1 in ha1s}) < len(ha1s) and not wrong:
            reader.problems.add(fields.value_place("ha1"), "two hashes of the same length", f"one of each: {_A_HASH}")
        users[name] = User(
            name,
            None if password is None else password.text,
            tuple(ha1.text.lower() for ha1 in ha1s),
            None if realm is None else realm.text,
        )
    return users
