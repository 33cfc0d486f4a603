"""How this client behaves: well, or with the one fault that it was told."""

from __future__ import annotations

import re

from message import Message, token
from misdeeds import Fault


class Conduct:
    """Asked before everything that a fault could change."""

    def __init__(self, fault: Fault | None) -> None:
        self.fault = fault

    def wrong(self, *names: str) -> bool:
        """Whether the fault is one of these."""
        return self.fault is not None and self.fault.name in names

    def hears(self, data: bytes) -> bool:
        """Whether a message that came in is taken."""
        deaf = self.fault.deaf if self.fault is not None else ""
        return not deaf or not re.search(deaf, data.decode("utf-8", "replace"))

    def edit(self, message: Message) -> Message:
        """The message as it is sent."""
        if self.fault is None:
            return message
        edited = message.copy()
        for edit in self.fault.edits:
            if not set(edit.where.split()) <= message.roles:
                continue
            new = edit.becomes.replace("{random}", token())
            if edit.header == "start":
                edited.start = re.sub(edit.pattern, new, edited.start, count=1)
            elif edit.header == "body":
                edited.body = re.sub(edit.pattern.encode(), new.encode(), edited.body, count=1)
            elif edit.pattern == "":
                edited.add(edit.header, new)
            elif edit.pattern == "*":
                edited.drop(edit.header)
                edited.sized = edited.sized and edit.header != "Content-Length"
            else:
                if edit.header == "Content-Length":
                    edited.put("Content-Length", str(len(edited.body)))
                lines = edited.lines(edit.header)
                edited.put(edit.header, *(re.sub(edit.pattern, new, line, count=1) for line in lines))
        return edited
