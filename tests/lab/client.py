"""A SIP client for examining the examiner: right in everything, but for the one fault that it is told.

    python tests/lab/client.py sip:486@127.0.0.1:5060
    python tests/lab/client.py sip:180.1s.200@127.0.0.1:5060 --transport tcp --fault ack-2xx-never
    python tests/lab/client.py sip:alice@127.0.0.1:5060 --method REGISTER

It is written from the RFCs with the standard library only and shares nothing with the responder. Exits with 0 where its
request got a 2xx, with 1 where not.
"""

from __future__ import annotations

import argparse
import asyncio

from agent import UserAgent
from call import Call
from conduct import Conduct
from errands import ERRANDS
from message import Message
from misdeeds import BY_NAME
from remedies import retry_after

CALLS = ("INVITE", "CANCEL", "BYE", "ACK", "PRACK", "UPDATE", "INFO", "RE-INVITE", "NOTIFY")
DELAYED = (404, 413, 480, 486, 500, 503, 600, 603)
"""What may say when to try again (20.33)."""


def options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("uri", metavar="URI", help="whom to call, or where to send the request")
    parser.add_argument("--method", default="INVITE", help="%(default)s unless said; UPDATE, INFO, ... within a call")
    parser.add_argument("--in-call", action="store_true", help="OPTIONS or MESSAGE within a call, too")
    parser.add_argument("--transport", choices=("udp", "tcp"), default="udp", type=str.lower)
    parser.add_argument("--fault", choices=sorted(BY_NAME), metavar="NAME", help="the one thing to do wrong")
    parser.add_argument("--register", action="store_true", help="register first")
    parser.add_argument("--user", default="alice")
    parser.add_argument("--password", default="secret")
    parser.add_argument("--route", action="append", default=[], help="a Route for requests outside of dialogs")
    parser.add_argument("--ring", type=float, default=3.0, help="seconds after which it gives up (default: 3)")
    parser.add_argument("--hold", type=float, default=1.0, help="seconds of silence after which it hangs up")
    parser.add_argument("--calls", type=int, default=1, help="calls, one after the other")
    parser.add_argument("--no-offer", action="store_true", help="INVITE without a session description (13.2.1)")
    return parser.parse_args()


async def once(agent: UserAgent, chosen: argparse.Namespace) -> tuple[bool, Message | None]:
    """One call or errand; what came of it."""
    method = chosen.method.upper()
    if method in ERRANDS and not chosen.in_call:
        answer = await ERRANDS[method](agent)
        return answer.status < 300, answer
    call = Call(agent, method=method, ring=chosen.ring, hold=chosen.hold, offer=not chosen.no_offer)
    fine = await call.run()
    await call.chores_done()
    return fine, call.failure


async def run(chosen: argparse.Namespace) -> int:
    """All of it."""
    conduct = Conduct(BY_NAME[chosen.fault] if chosen.fault else None)
    agent = UserAgent(chosen.uri, chosen.transport, chosen.user, chosen.password, conduct, chosen.route)
    await agent.open()
    if chosen.register:
        await ERRANDS["REGISTER"](agent)
    fine = False
    for _ in range(chosen.calls):
        fine, answer = await once(agent, chosen)
        pause = retry_after(answer) if answer is not None and answer.status in DELAYED else None
        if pause is not None and pause <= 6:
            ignored = answer is not None and agent.wrong(f"retry-after-ignored-{answer.status}")
            await asyncio.sleep(0.1 if ignored else pause + 0.2)
            fine, _ = await once(agent, chosen)
    await agent.quiet(1.2, at_most=6.0)
    return 0 if fine else 1


if __name__ == "__main__":
    raise SystemExit(asyncio.run(run(options())))
