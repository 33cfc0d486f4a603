"""SIPp's keywords in square brackets as our names in `${...}`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from responder.sip import header_names

MEDIA_PORT: Final = 6000
"""The port of SIPp's media unless its command line says another."""
SERVICE: Final = "service"
"""What `[service]` is unless the command line says so."""

_keyword: Final = re.compile(
    r"\[(?P<name>\$?[A-Za-z_][\w.-]*|\$[0-9]+)(?P<colon>:)?(?P<offset>[+-][0-9]+)?"
    r"(?P<rest>(?:\s(?:[^\[\]]|\[[^\[\]]*\])*)?)\]"
)
_PLAIN: Final = {
    "local_ip": "${local.ip}",
    "server_ip": "${local.ip}",
    "media_ip": "${local.ip}",
    "local_port": "${local.port}",
    "transport": "${local.transport}",
    "remote_ip": "${request.source.ip}",
    "remote_host": "${request.source.ip}",
    "remote_port": "${request.source.port}",
    "service": f"${{request.uri.user:-{SERVICE}}}",
    "call_id": "${call.id}",
    "call_number": "${call.number}",
    "date": "${now.rfc1123}",
    "timestamp": "${now.rfc1123}",
    "pid": "${random.digits6}",
    "dynamic_id": "${random.digits6}",
    "clock_tick": "${random.digits6}",
    "local_ip_type": "4",
    "media_ip_type": "4",
    "msg_index": "0",
    "users": "0",
    "userid": "0",
    "sipp_version": "responder",
}
_PORTS: Final = ("media_port", "auto_media_port", "rtpstream_audio_port", "rtpstream_video_port")
_ADDRESSES: Final = {"from": "${request.from}", "to": "${request.to}", "call-id": "${call.id}"}
_unsafe: Final = re.compile(r"[^A-Za-z0-9_-]")


def variable(name: str) -> str:
    """Our name for a variable: `1` is `v1`."""
    plain = _unsafe.sub("_", name)
    return plain if plain[:1].isalpha() or plain[:1] == "_" else f"v{plain}"


def header(name: str) -> str:
    """The name for a header of the last request."""
    return _ADDRESSES.get(header_names.key(name)) or f"${{request.header.{name}}}"


class Texts:
    """Turns texts; what has no counterpart goes to `remark`."""

    def __init__(self, variables: Mapping[str, str | None], remark: Callable[[str], None]) -> None:
        self._variables = variables
        self._remark = remark

    def turned(self, text: str) -> str:
        """A text with our names in it."""
        parts = []
        at = 0
        for found in _keyword.finditer(text):
            value = self._value(found)
            if value is None:
                continue
            parts += [text[at : found.start()].replace("${", "$${"), value]
            at = found.end()
        return "".join(parts) + text[at:].replace("${", "$${")

    def _value(self, found: re.Match[str]) -> str | None:
        name = found["name"]
        if name.startswith("$"):
            known = self._variables.get(name[1:])
            if known is None:
                self._remark(f"{found[0]} has no value here that could be told")
            return known or ""
        if name in _PLAIN and not found["offset"]:
            return _PLAIN[name]
        if name in _PORTS:
            return str(MEDIA_PORT + int(found["offset"] or 0))
        lower = name.lower()
        if lower.startswith("last_") and lower not in ("last_message", "last_cseq_number", "last_request_uri"):
            value = header(name[5:])
            return f"{name[5:]}: {value}" if found["colon"] else value
        if lower == "last_request_uri":
            return "<${request.to.uri}>"
        if lower.startswith(("field", "last_")) or name in _NOT_HAD or found["offset"]:
            self._remark(f"{found[0]}: {_NOT_HAD.get(name, _WHY)}")
            return name if lower.startswith("field") else ""
        if found["rest"] or found["colon"]:
            return None  # no keyword: text
        self._remark(f"{found[0]}: a value of -key on the command line of SIPp; write it in place of '{name}'")
        return name


_WHY: Final = "there is no such name here"
_NOT_HAD: Final = {
    **dict.fromkeys((f"field{number}" for number in range(20)), "there are no injection files; write the value"),
    "authentication": "requests of ours carry no credentials",
    "last_message": "a message cannot be quoted as a whole",
    "file": "files are not read; write the text",
    "fill": "nothing fills; write the text",
    "tdmmap": "there are no TDM maps",
    "len": "lengths are counted by themselves",
    "cseq": "numbers are counted by themselves",
    "branch": "branches are made by themselves",
    "routes": "the route set is kept by itself",
    "next_url": "the remote target is kept by itself",
    "peer_tag_param": "tags are kept by themselves",
}
