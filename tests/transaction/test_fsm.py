"""The tables of `transaction.fsm` against the figures of RFC 3261 section 17 and RFC 6026 section 7."""

from __future__ import annotations

import pytest

from responder.transaction import fsm

# (state, event): (next state, action), written down from the figures and not from the code. In the figures ACK has no
# action in Completed; ours tells the user, who wants to know whether the client did its duty.
FIGURES = {
    "INVITE server transaction": """
        # RFC 6026 figure 5
        Proceeding  request again       Proceeding  resend
        Proceeding  TU sends 1xx        Proceeding  send
        Proceeding  TU sends 2xx        Accepted    send
        Proceeding  TU sends 300-699    Completed   send
        Completed   request again       Completed   resend
        Completed   timer A/E/G         Completed   resend
        Completed   ACK                 Confirmed   to TU
        Completed   timer B/F/H         Terminated  inform TU
        Confirmed   timer D/I/J/K/L/M   Terminated  -
        Accepted    ACK                 Accepted    to TU
        Accepted    TU sends 2xx        Accepted    send
        Accepted    timer D/I/J/K/L/M   Terminated  -
    """,
    "non-INVITE server transaction": """
        # RFC 3261 figure 8
        Trying      TU sends 1xx        Proceeding  send
        Trying      TU sends 2xx        Completed   send
        Trying      TU sends 300-699    Completed   send
        Proceeding  request again       Proceeding  resend
        Proceeding  TU sends 1xx        Proceeding  send
        Proceeding  TU sends 2xx        Completed   send
        Proceeding  TU sends 300-699    Completed   send
        Completed   request again       Completed   resend
        Completed   timer D/I/J/K/L/M   Terminated  -
    """,
    "INVITE client transaction": """
        # RFC 6026 figure 4
        Calling     timer A/E/G         Calling     resend
        Calling     timer B/F/H         Terminated  inform TU
        Calling     transport error     Terminated  inform TU
        Calling     1xx                 Proceeding  to TU
        Calling     2xx                 Accepted    to TU
        Calling     300-699             Completed   to TU, send ACK
        Proceeding  1xx                 Proceeding  to TU
        Proceeding  2xx                 Accepted    to TU
        Proceeding  300-699             Completed   to TU, send ACK
        Completed   300-699             Completed   send ACK
        Completed   transport error     Terminated  inform TU
        Completed   timer D/I/J/K/L/M   Terminated  -
        Accepted    2xx                 Accepted    to TU
        Accepted    timer D/I/J/K/L/M   Terminated  -
    """,
    "non-INVITE client transaction": """
        # RFC 3261 figure 6
        Trying      timer A/E/G         Trying      resend
        Trying      timer B/F/H         Terminated  inform TU
        Trying      transport error     Terminated  inform TU
        Trying      1xx                 Proceeding  to TU
        Trying      2xx                 Completed   to TU
        Trying      300-699             Completed   to TU
        Proceeding  timer A/E/G         Proceeding  resend
        Proceeding  timer B/F/H         Terminated  inform TU
        Proceeding  transport error     Terminated  inform TU
        Proceeding  1xx                 Proceeding  to TU
        Proceeding  2xx                 Completed   to TU
        Proceeding  300-699             Completed   to TU
        Completed   timer D/I/J/K/L/M   Terminated  -
    """,
}


def rows(figure: str) -> set[tuple[str, str, str, str]]:
    """The rows of a figure: columns are parted by two blanks or more."""
    found = set()
    for line in figure.splitlines():
        cells = [cell.strip() for cell in line.split("  ") if cell.strip()]
        if len(cells) == 4:
            found.add((cells[0], cells[1], cells[2], "" if cells[3] == "-" else cells[3]))
    return found


class TestTables:
    """Figures 5 to 8 of RFC 3261, figures 4 and 5 of RFC 6026."""

    def test_there_are_four_machines(self) -> None:
        assert fsm.MACHINES.keys() == FIGURES.keys()

    @pytest.mark.parametrize("name", FIGURES)
    def test_each_row_is_in_the_figure(self, name: str) -> None:
        table = fsm.MACHINES[name]
        written = {
            (fsm.STATE_NAMES[state], fsm.EVENT_NAMES[event], fsm.STATE_NAMES[following], fsm.ACTION_NAMES[action])
            for (state, event), (following, action) in table.items()
        }
        assert written == rows(FIGURES[name])

    @pytest.mark.parametrize("name", FIGURES)
    def test_every_state_is_left_in_the_end(self, name: str) -> None:
        table = fsm.MACHINES[name]
        states = {state for state, _ in table}
        for state in states:
            reached, last = {state}, set[int]()
            while reached != last:
                last = reached
                reached = reached | {following for (at, _), (following, _) in table.items() if at in reached}
            assert fsm.TERMINATED in reached

    @pytest.mark.parametrize("name", FIGURES)
    def test_nothing_happens_once_terminated(self, name: str) -> None:
        assert not [state for state, _ in fsm.MACHINES[name] if state == fsm.TERMINATED]

    def test_every_state_event_and_action_has_a_name(self) -> None:
        for table in fsm.MACHINES.values():
            for (state, event), (following, action) in table.items():
                assert fsm.STATE_NAMES[state]
                assert fsm.STATE_NAMES[following]
                assert fsm.EVENT_NAMES[event]
                assert action == fsm.NOTHING or fsm.ACTION_NAMES[action]


class TestDiagram:
    @pytest.mark.parametrize("name", FIGURES)
    def test_one_arrow_for_each_row(self, name: str) -> None:
        first, *arrows = fsm.diagram(fsm.MACHINES[name]).splitlines()
        assert first == "stateDiagram-v2"
        drawn = set()
        for arrow in arrows:
            path, label = arrow.split(": ", 1)
            state, following = path.split(" --> ")
            event, _, action = label.partition(" / ")
            drawn.add((state.strip(), event, following.strip(), action))
        assert len(arrows) == len(drawn)
        assert drawn == rows(FIGURES[name])

    def test_a_row_without_action_has_no_slash(self) -> None:
        table = {(fsm.CONFIRMED, fsm.EXPIRE): (fsm.TERMINATED, fsm.NOTHING)}
        assert fsm.diagram(table).splitlines()[1] == "    Confirmed --> Terminated: timer D/I/J/K/L/M"
