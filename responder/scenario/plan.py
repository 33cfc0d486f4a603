"""What scenario files are compiled to: frozen, with the place of everything, and shared by all calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from responder.scenario.nodes import Place
from responder.uas.script import Order, Reply, Text

if TYPE_CHECKING:
    from responder.registry.override import Override
    from responder.scenario.items import Item
    from responder.scenario.matcher import Match
    from responder.transaction.fault import Fault


@dataclass(frozen=True, slots=True)
class Uniform:
    """A wait between two times in seconds, each as likely."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Normal:
    """A wait around a mean, in seconds."""

    mean: float
    deviation: float


Seconds: TypeAlias = "float | Uniform | Normal"


@dataclass(frozen=True, slots=True, eq=False)
class User:
    """Somebody who may authenticate: by password, or by the hash of user, realm and password (RFC 7616 3.4.2)."""

    name: str
    password: str | None = field(repr=False)
    ha1s: tuple[str, ...] = field(repr=False, default=())
    """In place of the password: the hash by MD5, by SHA-256, or both; told apart by their lengths."""
    realm: str | None = None
    """The one realm that the secret is for; None: any."""

    def ha1_for(self, algorithm: str) -> str | None:
        """The hash that this algorithm begins with, where it is kept."""
        digits = _HA1_DIGITS.get(algorithm.lower().removesuffix("-sess"))
        return next((ha1 for ha1 in self.ha1s if len(ha1) == digits), None)

    def has_secret_for(self, algorithm: str) -> bool:
        """Whether credentials of this algorithm can be verified."""
        return self.password is not None or self.ha1_for(algorithm) is not None


_HA1_DIGITS: Final = {"md5": 32, "sha-256": 64}


Users: TypeAlias = Mapping[str, User]


@dataclass(frozen=True, slots=True, eq=False)
class Check:
    """Assertions on a message."""

    place: Place
    match: Match
    statuses: Statuses | None = None
    same: tuple[Item, ...] = ()
    greater: tuple[Item, ...] = ()


@dataclass(frozen=True, slots=True)
class Statuses:
    """Which status codes will do."""

    codes: frozenset[int]
    classes: frozenset[int]
    """First digits."""

    def accept(self, status: int) -> bool:
        """Whether this one will do."""
        return status in self.codes or status // 100 in self.classes

    def __str__(self) -> str:
        return " or ".join([*map(str, sorted(self.codes)), *(f"{digit}xx" for digit in sorted(self.classes))])


@dataclass(frozen=True, slots=True, eq=False)
class Respond:
    """Send a response to the request at hand."""

    place: Place
    reply: Reply


@dataclass(frozen=True, slots=True, eq=False)
class Wait:
    """Let time pass."""

    place: Place
    seconds: Seconds


@dataclass(frozen=True, slots=True, eq=False)
class Expect:
    """Wait for a message of the client."""

    place: Place
    match: Match
    within: float | None
    not_before: float
    check: Check | None
    optional: bool
    otherwise: Block | None
    answered: bool
    """Whether later steps respond to it; the core does where they do not."""
    after: int
    """Where the flow goes on without it: the next step that does not respond to it."""
    dialog: str = ""
    """The name of the dialog that it must come in; empty: any of the call."""
    label: str = ""
    """What the journal calls it: `busy step 3`."""

    @property
    def what(self) -> str:
        """The message in words."""
        return " or ".join(sorted(self.match.methods)) or "a request"


@dataclass(frozen=True, slots=True, eq=False)
class Challenge:
    """Ask for credentials, wait for the retry, verify it."""

    place: Place
    reply: Reply
    """401 or 407; the challenges are put into it when the capabilities are known."""
    realm: str | None
    """None here and below: that of our capabilities."""
    algorithms: tuple[str, ...] | None
    qop: tuple[str, ...] | None
    users: Users
    within: float | None
    stale: bool
    """Whether the first right answer gets another challenge with stale=true."""
    otherwise: Block | None
    domain: tuple[str, ...] = ()
    userhash: bool = False
    """Whether the client is told that it may hash its user name (RFC 7616 section 3.4.4)."""
    lifetime: float | None = None
    """Seconds after which its nonces are stale; None: those of the server."""
    info: bool = False
    """Whether the 2xx proves in Authentication-Info that we know the secret, too (RFC 7616 section 3.5)."""
    nextnonce: bool = False
    """Whether it says there what nonce to use next."""


@dataclass(frozen=True, slots=True, eq=False)
class Send:
    """Send a request of ours and wait for its final response."""

    place: Place
    order: Order
    statuses: Statuses | None
    name: str
    """Variable that takes the status; may be empty."""
    within: float | None = None
    """Seconds after which nobody waits any longer: an INVITE is cancelled then."""
    dialog: str = ""
    """The name of the dialog; empty: the one that the flow made last, else the client's."""


@dataclass(frozen=True, slots=True, eq=False)
class Call(Send):
    """The same outside any dialog; `dialog` is the name of the one that an INVITE makes."""

    to: Text = ""
    """The URI that it goes to."""
    sender: Text | None = None
    """The URI in From; None: ours."""


@dataclass(frozen=True, slots=True, eq=False)
class Notify(Send):
    """A NOTIFY of the subscription."""

    state: Text = ""
    """The value of Subscription-State."""


@dataclass(frozen=True, slots=True, eq=False)
class Assert:
    """Check the last message."""

    place: Place
    check: Check


@dataclass(frozen=True, slots=True, eq=False)
class Choose:
    """Take one branch."""

    place: Place
    branches: tuple[tuple[float, Block], ...]
    """Each with the sum of the weights up to and with it."""


@dataclass(frozen=True, slots=True, eq=False)
class Repeat:
    """Do it again."""

    place: Place
    times: int
    """0: forever."""
    block: Block


@dataclass(frozen=True, slots=True, eq=False)
class Parallel:
    """Several blocks side by side; the flow goes on when all are done."""

    place: Place
    blocks: tuple[tuple[str, Block], ...]
    """Names (for messages) and steps."""
    forked: bool
    """Each has a To-tag of its own and sees only the requests of its own dialog."""
    race: bool = False
    """The 2xx of one does not end the others (RFC 3261 13.2.2.4)."""


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """The steps of a named block."""

    place: Place
    name: str
    block: Block


@dataclass(frozen=True, slots=True, eq=False)
class Assign:
    """Set variables."""

    place: Place
    values: tuple[tuple[str, Text], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Log:
    """Write a line into the journal."""

    place: Place
    text: Text


@dataclass(frozen=True, slots=True, eq=False)
class Fail:
    """The verdict is `failed`."""

    place: Place
    text: Text


@dataclass(frozen=True, slots=True, eq=False)
class Hangup:
    """End the call as its state requires."""

    place: Place


@dataclass(frozen=True, slots=True, eq=False)
class End:
    """The flow is over."""

    place: Place


Step: TypeAlias = (
    Respond
    | Wait
    | Expect
    | Challenge
    | Send
    | Call
    | Notify
    | Assert
    | Choose
    | Repeat
    | Parallel
    | Run
    | Assign
    | Log
    | Fail
    | Hangup
    | End
)
Block: TypeAlias = tuple[Step, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """One flow and whom it serves."""

    name: str
    place: Place
    match: Match
    steps: Block
    description: str = ""
    file: str = ""
    """Name of the flow's file without `.yaml`; it can be dialled, too."""
    times: int = 0
    """0: without end."""
    per: str = "all"
    unchecked: frozenset[str] = frozenset()
    meanwhile: Mapping[str, Block] = field(default_factory=dict)
    """By method; `any` for all others."""
    cancel: str | Block = ""
    """`fail`, `ignore`, steps, or empty for what an UAS does."""
    users: Users = field(default_factory=dict)
    seed: int | None = None
    straight: tuple[Reply, ...] | None = None
    """Its replies, where the flow is nothing but responses without names in them."""
    fault: Fault | None = None
    """What goes wrong with every message of ours that has no fault of its own."""
    lose: Mapping[str, int] = field(default_factory=dict)
    """How many messages of which methods are taken as lost."""
    prepares: bool = False
    """Whether a call has something to set up before its first step: a fault, a chance of one, losses, `notify`."""
    notifies: bool = False
    """Whether its steps send the NOTIFYs."""

    @property
    def lingers(self) -> bool:
        """Whether it has a say after its steps are over."""
        return bool(self.meanwhile or self.cancel)


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """All rules of all files in the order of their priority, and what the files say about the whole run."""

    rules: tuple[Rule, ...] = ()
    overrides: tuple[Override, ...] = ()
    """For `Registry.extended`."""
    timers: Mapping[str, float] = field(default_factory=dict)
    """`t1`, `t2`, `t4` in seconds, as far as they are said."""
    counts_attempts: bool = False
    """Whether somebody asks for the attempt."""
    registrar: Mapping[str, Any] = field(default_factory=dict)
    """Fields of `Capabilities` that the files say: `min_expires`, `max_expires`, `default_expires`, `realm`."""
