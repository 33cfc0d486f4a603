"""The response codes: what RFCs say of each, and the headers of a response worked out from that."""

from responder.registry.capabilities import Capabilities
from responder.registry.code import Code
from responder.registry.derive import secure_contact
from responder.registry.occasion import Ids, Occasion, Place, Setting
from responder.registry.override import Override
from responder.registry.registry import Registry
from responder.registry.rules import BodyRule, Derivation, Duty, Forbidden, HeaderRule

__all__ = [
    "BodyRule",
    "Capabilities",
    "Code",
    "Derivation",
    "Duty",
    "Forbidden",
    "HeaderRule",
    "Ids",
    "Occasion",
    "Override",
    "Place",
    "Registry",
    "Setting",
    "secure_contact",
]
