"""`users` of a file: who may authenticate, and with what secret."""

from __future__ import annotations

import re
from typing import Final

from responder.scenario import value_types as t
from responder.scenario.nodes import Mapping, Node
from responder.scenario.plan import User, Users
from responder.scenario.reading import Fields, Reader

_ha1: Final = re.compile(r"[0-9a-f]{32}|[0-9a-f]{64}").fullmatch


def read_users(node: Node, reader: Reader) -> Users:
    """The users by name; those that are wrong are noted and left out."""
    users: dict[str, User] = {}
    for key, value in reader.pairs(node, "users", t.USERS) or ():
        name = key.text
        if not isinstance(value, Mapping):
            scalar = reader.text(value, name)
            if scalar is not None:
                users[name] = User(name, scalar.text, None)
            continue
        fields = Fields(value, "user", f"user '{name}'", reader)
        password, ha1 = fields.text("password"), fields.text("ha1")
        if (password is None) == (ha1 is None):
            reader.problems.add(key.place, f"user '{name}' has no secret, or two", "give either 'password' or 'ha1'")
        elif ha1 is not None and not _ha1(ha1.text.lower()):
            reader.problems.add(ha1.place, "'ha1' is no hash", "32 hexadecimal digits (MD5), or 64 (SHA-256)")
        else:
            secret, hashed = (scalar.text if scalar is not None else None for scalar in (password, ha1))
            users[name] = User(name, secret, hashed.lower() if hashed is not None else None)
    return users
