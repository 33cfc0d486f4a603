"""The rungs of a ladder as SVG: the client on the left, the responder on the right, an arrow a message.

Each rung is a picture of its own, as wide as the page lets it be, so that texts keep their size on a phone and a
message can be opened right under its arrow. Beside an arrow it says in words (`title`, `desc`) what it shows.
"""

from __future__ import annotations

from html import escape
from typing import Final

from responder.observe.ladder import Rung
from responder.observe.records import MalformedRecord, MessageRecord

DEFINITIONS: Final = (
    '<svg class="definitions" width="0" height="0" aria-hidden="true"><defs>'
    '<marker id="head" viewBox="0 0 10 10" refX="10" refY="5" markerWidth="9" markerHeight="9"'
    ' markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0L10 5L0 10z"/></marker></defs></svg>'
)
"""What the pictures refer to; once in each page."""
_LONGEST: Final = 72
"""Characters of a label; the title has it whole."""


def arrow(rung: Rung, record: MessageRecord | MalformedRecord) -> str:
    """The picture of a message's rung."""
    if isinstance(record, MalformedRecord):
        received, kind = True, "malformed"
    else:
        received, kind = record.received, "again" if record.retransmission else "first"
    start, end = ("0", "100%") if received else ("100%", "0")
    whole = escape(rung.label)
    text = whole if len(rung.label) <= _LONGEST else escape(rung.label[: _LONGEST - 1]) + "…"
    remarks = f"<desc>{escape('; '.join(rung.remarks))}</desc>" if rung.remarks else ""
    return (
        f'<svg class="{kind}" role="img" width="100%" height="30">'
        f"<title>from the {'client' if received else 'responder'}: {whole}</title>{remarks}"
        f'<text x="50%" y="14">{text}</text>'
        f'<line x1="{start}" y1="21" x2="{end}" y2="21" marker-end="url(#head)"/></svg>'
    )
