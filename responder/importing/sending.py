"""Our own messages of a scenario as steps, and what the state of the call is behind each.

What answers which request is read from CSeq (RFC 3261 8.2.6.2), as far as the author has written it, else it is the
request that came last. The 200 to a CANCEL and to a PRACK, our ACK and our PRACK are sent without a step.
"""

from __future__ import annotations

import re

from responder.importing import messages
from responder.importing.actions import Actions
from responder.importing.keywords import Texts
from responder.importing.outline import Remark, Step
from responder.importing.pauses import duration
from responder.importing.shapes import methods_of, say
from responder.importing.variables import UNKNOWN, State
from responder.importing.variables import Texts as Values
from responder.importing.xml_source import Element
from responder.sip import header_names


class Sending:
    """What one scenario sends."""

    def __init__(self, elements: list[Element], actions: Actions) -> None:
        self._elements = elements
        self._actions = actions
        self.pending: Step | None = None
        """The request of ours that waits for its final response."""
        self.timers: dict[str, str] = {}
        self.asides: dict[str, list[int]] = {}
        """What was left out because it does nothing, with lines."""

    def sent(self, element: Element, state: State, steps: list[Step]) -> None:
        """A message of ours."""
        message = messages.parse(element.text, lambda name: state.values.get(name, UNKNOWN).copy_of)
        remarks: list[Remark] = []

        def remark(text: str) -> None:
            remarks.append(Remark(element.line, text))

        texts = Texts(Values(state.values), remark)
        method = self._answered(message, state)
        setting = messages.Setting(
            method,
            state.tagged and method == state.last,
            state.received,
            state.tag,
            lambda name, text: self._copies(state, name, text),
            texts,
            remark,
            lambda what: self.aside(element.line, what),
        )
        step = self._of_ours(element, message, state, setting)
        if step is None:
            if remarks:
                steps.append(Step({}, remarks))
            return
        lost = element.the("lost")
        if lost and lost != "0":
            step.keys["fault"] = {"drop": 1, "chance": round(min(float(lost), 100) / 100, 4)}
        retrans = duration(element.the("retrans"))
        if retrans and retrans not in ("500ms", "0s"):
            self.timers.setdefault("t1", retrans)
        step.remarks += remarks
        step.line = element.line
        steps.append(step)

    def _of_ours(
        self, element: Element, message: messages.Message, state: State, setting: messages.Setting
    ) -> Step | None:
        if message.status is None:
            return self._request(element, message, state, setting)
        code = setting.texts.turned(message.status[0])
        if not re.fullmatch("[1-6][0-9][0-9]", code):
            setting.remark(f"'{message.status[0]}' is no status code that is known beforehand")
            return None
        status = int(code)
        if setting.method in ("CANCEL", "PRACK"):
            if status // 100 != 2 or message.body:
                setting.remark(f"a {setting.method} is answered with 200 by itself, not with this {status}")
            for name in messages.beside_copies(message):
                setting.aside(f"{name} in the 200 to {setting.method}, which is sent by itself")
            if state.invite_waits:
                state.last, state.tagged = "INVITE", state.dialog == "there"
            return None
        step = messages.respond(message, status, setting)
        state.challenging = None
        self._note_response(message, status, setting.method, state)
        if status in (401, 407) and message.the("www-authenticate" if status == 401 else "proxy-authenticate"):
            state.challenging = (step, messages.challenge_of(message))
        return step

    def _request(
        self, element: Element, message: messages.Message, state: State, setting: messages.Setting
    ) -> Step | None:
        method = message.method
        if method in ("ACK", "PRACK"):
            return None
        if not re.fullmatch("[A-Z]+", method):
            setting.remark("neither a request nor a response")
            return None
        if method == "CANCEL":
            setting.remark("a CANCEL is sent where `send` has a `within` that runs out, and by no step")
            return None
        if not state.dialog and not state.last:
            setting.remark(f"{method} begins a call: only what answers calls is imported")
            return None
        if "[authentication" in element.text:
            setting.remark("[authentication]: requests of ours carry no credentials")
        step = messages.send(message, setting, notify=method == "NOTIFY" and state.subscription)
        self.pending = step
        return step

    def _answered(self, message: messages.Message, state: State) -> str:
        """The method of the request that a response answers."""
        cseq = message.the("cseq") or ""
        found = re.search(r"\b([A-Z]{3,})$", cseq)
        if found:
            return found[1]
        copied = re.search(r"\[\$([\w.-]+)\]", cseq)
        taken = state.values.get(copied[1], UNKNOWN).taken if copied else None
        if taken is not None:
            return (methods_of(self._elements[taken[0]]) or ["INVITE"])[0]
        if state.last == "CANCEL" and message.status is not None and message.status[0][:1] != "2":
            return "INVITE"  # with the CSeq of the CANCEL, which nobody means
        return state.last or "INVITE"

    @staticmethod
    def _copies(state: State, name: str, text: str) -> bool:
        """Whether a text is made of copies of that header only."""
        found = re.fullmatch(r"\s*\[\$([\w.-]+)\]\s*", text)
        value = state.values.get(found[1]) if found else None
        return value is not None and value.copy_of == header_names.key(name)

    @staticmethod
    def _note_response(message: messages.Message, status: int, method: str, state: State) -> None:
        tag = messages.tag_of(message)
        if method in ("SUBSCRIBE", "REFER") and status < 300:
            state.subscription = True
        if method in ("INVITE", "SUBSCRIBE", "REFER") and 100 < status < 300:
            if state.dialog != "there":
                state.dialog = "there" if status >= 200 else "early" if tag is not None else state.dialog
            state.tag = state.tag or tag
        elif method == "INVITE" and status >= 300 and state.dialog != "there":
            state.dialog, state.tag = "", None
        if status >= 200:
            state.invite_waits &= method != "INVITE"
            if state.invite_waits:
                state.last, state.tagged = "INVITE", state.dialog == "there"

    def aside(self, line: int, what: str) -> None:
        """Something was left out that does nothing."""
        lines = self.asides.setdefault(what, [])
        if line not in lines:
            lines.append(line)

    def response(self, element: Element, steps: list[Step]) -> None:
        """A response to the request of ours that waits."""
        status = element.the("response")
        if not re.fullmatch("[1-6][0-9][0-9]", status):
            say(steps, element, f"'{status or 'nothing'}' is no response that could be waited for")
            return
        if status[0] == "1":
            return
        if self.pending is None:
            say(steps, element, f"no request of ours waits for {status} here")
            return
        statuses = self.pending.keys.setdefault("expect", [])
        if int(status) not in statuses:
            statuses.append(int(status))
        if element.says("optional") and element.the("next"):
            say(steps, element, f"next: the flow goes the same way on {status} as on other responses")
        for remark in self._actions.of_response(element):
            say(steps, element, remark)
