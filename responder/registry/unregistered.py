"""Codes without a row: handled as the x00 of their class, provisional ones as 183 (RFC 3261 section 8.1.3.2)."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from responder.registry.code import Code
from responder.registry.rows import duty

PHRASES: Final[dict[int, str]] = {
    1: "Provisional",
    2: "Successful",
    3: "Redirection",
    4: "Request Failure",
    5: "Server Failure",
    6: "Global Failure",
}
"""Reason phrases by first digit, in the words of the headings of RFC 3261 section 21."""


def model_of(status: int) -> int:
    """The status that a client handles an unknown one as."""
    return 183 if status < 200 else status // 100 * 100


def like(model: Code, status: int) -> Code:
    """A row for a status that nobody registered, with the headers of the one it is handled as."""
    return replace(
        model,
        status=status,
        phrase=PHRASES[status // 100],
        reference="RFC 3261 8.1.3.2",
        iana="unregistered",
        own_duties=(
            duty(
                "MUST",
                f"handle it as {model.status}, since it does not know it",
                "RFC 3261 8.1.3.2",
                observe=f"the same as after {model.status}",
            ),
        ),
        notes=f"Not registered; has the headers of {model.status}.",
    )
