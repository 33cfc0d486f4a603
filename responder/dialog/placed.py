"""A dialog as the UAC of its INVITE keeps it (RFC 3261 section 12.1.2): made by the To tag of a response."""

from __future__ import annotations

from typing import TYPE_CHECKING

from responder.dialog.dialog import CONFIRMED, Dialog, User, contact_uri

if TYPE_CHECKING:
    from responder.events import Flow
    from responder.sip.message import Response
    from responder.transaction.layer import TransactionLayer


class PlacedDialog(Dialog[User]):
    """One dialog that an INVITE of ours made.

    `uri` is where the INVITE went: the target as long as the peer names none.
    """

    __slots__ = ("_response", "_uri")

    _response: Response

    def __init__(self, response: Response, uri: str, tag: str, flow: Flow, user: User, layer: TransactionLayer) -> None:
        # there is no request of the peer yet: all that would be read from it is overridden here
        super().__init__(None, response.call_id, tag, response.to_tag or "", 0, flow, user, layer)  # type: ignore[arg-type]
        self._uri = uri
        self.local_seq = response.cseq.number
        self._learn(response)

    def _learn(self, response: Response) -> None:
        self._response = response
        self.target = contact_uri(response) or self._uri

    def confirm(self, response: Response) -> None:
        """The 2xx is there: route set and target are what it says (13.2.2.4)."""
        self.state = CONFIRMED
        self._learn(response)

    @property
    def local(self) -> str:
        """Our From in requests of ours."""
        return self._response.first("from") or ""

    @property
    def remote(self) -> str:
        """Our To in requests of ours."""
        return self._response.first("to") or ""

    @property
    def of_invite(self) -> bool:
        """Whether there is a session in it: only an INVITE of ours makes a dialog, and a BYE ends that."""
        return not self.session_over

    @property
    def secure(self) -> bool:
        """Whether our Contact in it is a SIPS URI (12.1.2)."""
        return self._uri.lower().startswith("sips:")

    def peer_allows(self, method: str) -> bool:
        """Whether the peer said in its response that it takes this method (20.5)."""
        return method in self._response.every("allow")

    @property
    def route_set(self) -> list[str]:
        """The Record-Route values of the response, the last first (12.1.2)."""
        return self._response.every("record-route")[::-1]
