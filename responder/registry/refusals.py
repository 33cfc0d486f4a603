"""Headers that say what was refused and what would be taken instead (RFC 3261 sections 8.2.1 to 8.2.4; RFC 3329)."""

from __future__ import annotations

from typing import Final

from responder.registry.derive import accept_encoding, accept_language, attempt, listed
from responder.registry.occasion import Occasion, Setting
from responder.registry.rules import Values, dynamic, static
from responder.sip.fields import MediaType
from responder.sip.message import Request

_ALL_OF_ACCEPT: Final = ("MESSAGE", "PUBLISH")
"""Their RFCs want all three Accept fields in a 415."""


@static("our methods without the one that is refused")
def allow_without_method(setting: Setting) -> Values:
    """Allow of a 405 (RFC 3261 section 8.2.1)."""
    return [", ".join([method for method in setting.capabilities.allow if method != setting.method])]


@dynamic(
    "the tags of Require that we do not support; where a 420 is forced all of Require, else of Proxy-Require, else of "
    "Supported, else a made-up one"
)
def unsupported(occasion: Occasion) -> Values:
    """Unsupported (RFC 3261 sections 8.2.2.3, 20.40)."""
    request = occasion.request
    ours = {tag.lower() for tag in occasion.capabilities.supported}
    unknown = [tag for tag in _tags(request, "require") if tag.lower() not in ours]
    if not unknown and request.method == "REGISTER" and "path" in request and "path" not in request.supported:
        # a proxy put in a Path that the client does not know of (RFC 3327 section 5.3)
        return ["path"]
    tags = unknown or _tags(request, "require") or _tags(request, "proxy-require") or _tags(request, "supported")
    return [", ".join(dict.fromkeys(tags)) or occasion.capabilities.fake_tag]


def _tags(request: Request, key: str) -> list[str]:
    return [tag for tag in request.every(key) if tag]


def extension_required(occasion: Occasion) -> str:
    """The option-tag that a 421 asks for: the first configured one that the client does not list."""
    known = occasion.request.supported | occasion.request.require | occasion.request.proxy_require
    missing = [tag for tag in occasion.capabilities.required_extension if tag.lower() not in known]
    return missing[0] if missing else occasion.capabilities.fake_tag


@dynamic("the first configured extension that the client does not list, else a made-up one")
def require_extension(occasion: Occasion) -> Values:
    """Require of a 421 (RFC 3261 section 21.4.16)."""
    return [extension_required(occasion)]


@dynamic("the configured mechanisms, where the extension is sec-agree")
def security_server_of_421(occasion: Occasion) -> Values:
    """Security-Server of a 421 (RFC 3329 section 2.3.2)."""
    return listed(occasion.capabilities.security_server) if extension_required(occasion) == "sec-agree" else ()


@dynamic("sec-agree, where the client did not ask for it in Require or Proxy-Require")
def require_sec_agree(occasion: Occasion) -> Values:
    """Require of a 494 (RFC 3329 section 2.3.2)."""
    asked = occasion.request.require | occasion.request.proxy_require
    return () if "sec-agree" in asked else ["sec-agree"]


@dynamic("the event packages we notify of, without the one that is refused")
def allow_events_instead(occasion: Occasion) -> Values:
    """Allow-Events of a 489 (RFC 3265 section 7.2, RFC 3903 section 11)."""
    event = attempt(lambda: occasion.request.event, None)
    ours = occasion.capabilities.allow_events
    return listed(tuple(name for name in ours if not event or name != event.package) or ours)


@dynamic("the media types we take, without the refused one; left out where the coding or language was at fault")
def accept_instead(occasion: Occasion) -> Values:
    """Accept of a 415 (RFC 3261 section 8.2.3)."""
    sent = attempt(lambda: occasion.request.content_type, None)
    types = occasion.capabilities.accept
    ranges = [_range(text) for text in types]
    taken = sent is None or any(media and media.includes(sent) for media in ranges)
    if (
        taken
        and occasion.method not in _ALL_OF_ACCEPT
        and (_refused(occasion, "content-encoding") or _refused(occasion, "content-language"))
    ):
        return ()
    kept = [text for text, media in zip(types, ranges, strict=True) if not (sent and media and media.includes(sent))]
    return [", ".join(kept)]


@dynamic("the content codings we take, where the request's is none of them; always to MESSAGE and PUBLISH")
def accept_encoding_instead(occasion: Occasion) -> Values:
    """Accept-Encoding of a 415 (RFC 3261 section 8.2.3; RFC 3428 and RFC 3903: m*)."""
    wanted = occasion.method in _ALL_OF_ACCEPT or _refused(occasion, "content-encoding")
    return accept_encoding.compute(occasion) if wanted else ()


@dynamic("the languages we prefer, where the request's is none of them; always to MESSAGE and PUBLISH")
def accept_language_instead(occasion: Occasion) -> Values:
    """Accept-Language of a 415 (RFC 3261 section 8.2.3; RFC 3428 and RFC 3903: m*)."""
    wanted = occasion.method in _ALL_OF_ACCEPT or _refused(occasion, "content-language")
    return accept_language.compute(occasion) if wanted else ()


def _range(text: str) -> MediaType | None:
    return attempt(lambda: MediaType.parse(text), None)


def _refused(occasion: Occasion, key: str) -> bool:
    """Whether the request's content has a coding or language that we do not take."""
    ours = occasion.capabilities
    taken = {text.lower() for text in (ours.accept_encoding if key == "content-encoding" else ours.accept_language)}
    sent = [text.lower() for text in occasion.request.every(key)]
    return any(text not in taken and text.partition("-")[0] not in taken for text in sent)
