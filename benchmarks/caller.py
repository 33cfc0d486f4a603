"""The calls that `sipp` makes, as its XML: three flows, each in three forms of the same requests.

`sipp`: names and order as in SIPp's own scenarios. `phone`: as a softphone writes them, with rport, display names, more
headers in another order. `compact`: compact header names (RFC 3261 section 7.3.3).
"""

from __future__ import annotations

FLOWS = ("invite", "busy", "options")
FORMS = ("sipp", "phone", "compact")

_SDP = """v=0
o=caller 2353687637 2353687637 IN IP[local_ip_type] [local_ip]
s=-
c=IN IP[media_ip_type] [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 0 8
a=rtpmap:0 PCMU/8000
a=rtpmap:8 PCMA/8000"""

_HEADS = {
    "sipp": """Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[{branch}]
From: caller <sip:caller@[local_ip]:[local_port]>;tag=[pid]from[call_number]
To: <sip:service@[remote_ip]:[remote_port]>[peer_tag_param]
Call-ID: [call_id]
CSeq: {number} {method}
Contact: <sip:caller@[local_ip]:[local_port];transport=[transport]>
Max-Forwards: 70
Subject: Benchmark
{content}Content-Length: [len]""",
    "phone": """Via: SIP/2.0/[transport] [local_ip]:[local_port];rport;branch=[{branch}]
Max-Forwards: 70
To: "Service" <sip:service@[remote_ip]:[remote_port]>[peer_tag_param]
From: "A Caller" <sip:caller@[local_ip]:[local_port]>;tag=[pid]from[call_number]
Contact: "A Caller" <sip:caller@[local_ip]:[local_port];transport=[transport];ob>
Call-ID: [call_id]
CSeq: {number} {method}
Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, PRACK, UPDATE, INFO, REFER, NOTIFY, MESSAGE
Supported: replaces, 100rel, timer, norefersub
User-Agent: benchmark/1.0
{content}Content-Length: [len]""",
    "compact": """v: SIP/2.0/[transport] [local_ip]:[local_port];branch=[{branch}];rport
t: <sip:service@[remote_ip]:[remote_port]>[peer_tag_param]
f: <sip:caller@[local_ip]:[local_port]>;tag=[pid]from[call_number]
CSeq: {number} {method}
i: [call_id]
m: <sip:caller@[local_ip]:[local_port];transport=[transport]>
Max-Forwards: 70
{content}l: [len]""",
}


def scenario(flow: str, form: str, *, hold: int = 0) -> str:
    """The XML of one flow in one form; `hold` is how long an answered call lasts, in milliseconds."""
    if flow == "options":
        steps = [_send("OPTIONS", 1, form, resend=True), '  <recv response="200" />']
    else:
        final = "200" if flow == "invite" else "486"
        steps = [
            _send("INVITE", 1, form, sdp=True, resend=True),
            '  <recv response="100" optional="true" />',
            '  <recv response="180" optional="true" />',
            f'  <recv response="{final}" />',
            # RFC 3261 section 17.1.1.3: the ACK for a 486 has the branch of the INVITE, which stands four steps up
            _send("ACK", 1, form, branch="branch" if flow == "invite" else "branch-4"),
        ]
        if flow == "invite":
            if hold:
                steps.append(f'  <pause milliseconds="{hold}" />')
            steps += [_send("BYE", 2, form, resend=True), '  <recv response="200" />']
    return "\n".join(
        ['<?xml version="1.0" encoding="ISO-8859-1" ?>', f'<scenario name="{flow} {form}">', *steps, "</scenario>", ""]
    )


def _send(
    method: str, number: int, form: str, *, branch: str = "branch", sdp: bool = False, resend: bool = False
) -> str:
    name = "c" if form == "compact" else "Content-Type"
    content = f"{name}: application/sdp\n" if sdp else ""
    head = _HEADS[form].format(method=method, number=number, branch=branch, content=content)
    request = f"{method} sip:service@[remote_ip]:[remote_port] SIP/2.0\n{head}\n\n{_SDP if sdp else ''}\n"
    attribute = ' retrans="500"' if resend else ""
    return f"  <send{attribute}><![CDATA[\n\n{request}\n  ]]></send>"
