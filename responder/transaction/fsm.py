"""The four transaction state machines as tables (RFC 3261 section 17 with the amendments of RFC 6026).

    INVITE server      RFC 3261 17.2.1, figure 7;  RFC 6026 7.1, figure 5
    non-INVITE server  RFC 3261 17.2.2, figure 8;  RFC 4320 section 4
    INVITE client      RFC 3261 17.1.1, figure 5;  RFC 6026 7.2, figure 6
    non-INVITE client  RFC 3261 17.1.2, figure 6

A table maps (state, event) to (next state, action). What is not in a table changes nothing and does nothing. States,
events and actions are plain integers: they are looked up for every message. A transport error changes nothing in a
server transaction (RFC 6026 section 7.1), so the server tables have no row for it.
"""

from __future__ import annotations

from typing import Final, TypeAlias

# States
TRYING: Final = 0
CALLING: Final = 1
PROCEEDING: Final = 2
COMPLETED: Final = 3
CONFIRMED: Final = 4
ACCEPTED: Final = 5
TERMINATED: Final = 6

STATE_NAMES: Final = ("Trying", "Calling", "Proceeding", "Completed", "Confirmed", "Accepted", "Terminated")

# Events
REQUEST: Final = 0  # the same request again, from the network
ACK: Final = 1
SEND_1XX: Final = 2
SEND_2XX: Final = 3
SEND_FAILURE: Final = 4  # 300-699
RECEIVE_1XX: Final = 5
RECEIVE_2XX: Final = 6
RECEIVE_FAILURE: Final = 7
RETRANSMIT: Final = 8  # timer A, E or G
TIMEOUT: Final = 9  # timer B, F or H
EXPIRE: Final = 10  # timer D, I, J, K, L or M
TRANSPORT_ERROR: Final = 11

EVENT_NAMES: Final = (
    "request again",
    "ACK",
    "TU sends 1xx",
    "TU sends 2xx",
    "TU sends 300-699",
    "1xx",
    "2xx",
    "300-699",
    "timer A/E/G",
    "timer B/F/H",
    "timer D/I/J/K/L/M",
    "transport error",
)

# Actions
NOTHING: Final = 0
SEND: Final = 1  # the response at hand
RESEND: Final = 2  # the last message again
PASS_UP: Final = 3  # to the transaction user
ACKNOWLEDGE: Final = 4  # ACK for 300-699 (17.1.1.3)
PASS_UP_AND_ACKNOWLEDGE: Final = 5
FAIL: Final = 6  # tell the transaction user that it timed out or the transport failed

ACTION_NAMES: Final = ("", "send", "resend", "to TU", "send ACK", "to TU, send ACK", "inform TU")

Table: TypeAlias = dict[tuple[int, int], tuple[int, int]]

INVITE_SERVER: Final[Table] = {
    (PROCEEDING, REQUEST): (PROCEEDING, RESEND),
    (PROCEEDING, SEND_1XX): (PROCEEDING, SEND),
    (PROCEEDING, SEND_2XX): (ACCEPTED, SEND),
    (PROCEEDING, SEND_FAILURE): (COMPLETED, SEND),
    (COMPLETED, REQUEST): (COMPLETED, RESEND),
    (COMPLETED, ACK): (CONFIRMED, PASS_UP),
    (COMPLETED, RETRANSMIT): (COMPLETED, RESEND),
    (COMPLETED, TIMEOUT): (TERMINATED, FAIL),
    (CONFIRMED, EXPIRE): (TERMINATED, NOTHING),
    (ACCEPTED, ACK): (ACCEPTED, PASS_UP),
    (ACCEPTED, SEND_2XX): (ACCEPTED, SEND),
    (ACCEPTED, EXPIRE): (TERMINATED, NOTHING),
}

NON_INVITE_SERVER: Final[Table] = {
    (TRYING, SEND_1XX): (PROCEEDING, SEND),
    (TRYING, SEND_2XX): (COMPLETED, SEND),
    (TRYING, SEND_FAILURE): (COMPLETED, SEND),
    (PROCEEDING, REQUEST): (PROCEEDING, RESEND),
    (PROCEEDING, SEND_1XX): (PROCEEDING, SEND),
    (PROCEEDING, SEND_2XX): (COMPLETED, SEND),
    (PROCEEDING, SEND_FAILURE): (COMPLETED, SEND),
    (COMPLETED, REQUEST): (COMPLETED, RESEND),
    (COMPLETED, EXPIRE): (TERMINATED, NOTHING),
}

INVITE_CLIENT: Final[Table] = {
    (CALLING, RETRANSMIT): (CALLING, RESEND),
    (CALLING, TIMEOUT): (TERMINATED, FAIL),
    (CALLING, TRANSPORT_ERROR): (TERMINATED, FAIL),
    (CALLING, RECEIVE_1XX): (PROCEEDING, PASS_UP),
    (CALLING, RECEIVE_2XX): (ACCEPTED, PASS_UP),
    (CALLING, RECEIVE_FAILURE): (COMPLETED, PASS_UP_AND_ACKNOWLEDGE),
    (PROCEEDING, RECEIVE_1XX): (PROCEEDING, PASS_UP),
    (PROCEEDING, RECEIVE_2XX): (ACCEPTED, PASS_UP),
    (PROCEEDING, RECEIVE_FAILURE): (COMPLETED, PASS_UP_AND_ACKNOWLEDGE),
    (COMPLETED, RECEIVE_FAILURE): (COMPLETED, ACKNOWLEDGE),
    (COMPLETED, TRANSPORT_ERROR): (TERMINATED, FAIL),
    (COMPLETED, EXPIRE): (TERMINATED, NOTHING),
    (ACCEPTED, RECEIVE_2XX): (ACCEPTED, PASS_UP),
    (ACCEPTED, EXPIRE): (TERMINATED, NOTHING),
}

NON_INVITE_CLIENT: Final[Table] = {
    (TRYING, RETRANSMIT): (TRYING, RESEND),
    (TRYING, TIMEOUT): (TERMINATED, FAIL),
    (TRYING, TRANSPORT_ERROR): (TERMINATED, FAIL),
    (TRYING, RECEIVE_1XX): (PROCEEDING, PASS_UP),
    (TRYING, RECEIVE_2XX): (COMPLETED, PASS_UP),
    (TRYING, RECEIVE_FAILURE): (COMPLETED, PASS_UP),
    (PROCEEDING, RETRANSMIT): (PROCEEDING, RESEND),
    (PROCEEDING, TIMEOUT): (TERMINATED, FAIL),
    (PROCEEDING, TRANSPORT_ERROR): (TERMINATED, FAIL),
    (PROCEEDING, RECEIVE_1XX): (PROCEEDING, PASS_UP),
    (PROCEEDING, RECEIVE_2XX): (COMPLETED, PASS_UP),
    (PROCEEDING, RECEIVE_FAILURE): (COMPLETED, PASS_UP),
    (COMPLETED, EXPIRE): (TERMINATED, NOTHING),
}

MACHINES: Final[dict[str, Table]] = {
    "INVITE server transaction": INVITE_SERVER,
    "non-INVITE server transaction": NON_INVITE_SERVER,
    "INVITE client transaction": INVITE_CLIENT,
    "non-INVITE client transaction": NON_INVITE_CLIENT,
}


def compiled(table: Table) -> list[tuple[int, int] | None]:
    """The table as a list, a step at `state << 4 | event`: looked up for every message."""
    steps: list[tuple[int, int] | None] = [None] * (len(STATE_NAMES) << 4)
    for (state, event), step in table.items():
        steps[state << 4 | event] = step
    return steps


def diagram(table: Table) -> str:
    """The table as a Mermaid state diagram, for docs/state-machines.md."""
    lines = ["stateDiagram-v2"]
    for (state, event), (following, action) in table.items():
        label = EVENT_NAMES[event] + (f" / {ACTION_NAMES[action]}" if action else "")
        lines.append(f"    {STATE_NAMES[state]} --> {STATE_NAMES[following]}: {label}")
    return "\n".join(lines)
