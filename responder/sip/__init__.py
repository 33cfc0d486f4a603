"""SIP as values (RFC 3261 sections 7, 19, 20, 25): bytes to objects and back; no clock, no socket, no scenario."""
