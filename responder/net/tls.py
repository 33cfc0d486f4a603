"""TLS contexts of a test bench (RFC 3261 section 26.3.1): ours are shown, those of peers are not judged."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from responder.errors import TransportError

if TYPE_CHECKING:
    from pathlib import Path


def server_context(certificate: str | Path, key: str | Path | None = None) -> ssl.SSLContext:
    """For listeners: a PEM certificate (chain) and its key, which may stand in the same file."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # a client of WebSocket names HTTP/1.1, one of SIP mostly nothing (RFC 7301); others are served without
    context.set_alpn_protocols(["http/1.1", "sip/2"])
    try:
        context.load_cert_chain(certificate, key)
    except ssl.SSLError as error:
        raise TransportError(f"no usable certificate and key in {certificate}: {error.reason or error}") from None
    except OSError as error:
        raise TransportError(f"cannot read {key or certificate}: {(error.strerror or str(error)).lower()}") from None
    return context


def client_context() -> ssl.SSLContext:
    """For connections that we open: any certificate will do."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
