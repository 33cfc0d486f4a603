"""Dialogs (RFC 3261 sections 12 and 13, RFC 3262): identity, CSeq order, route set, 2xx until ACK, reliable 1xx."""
