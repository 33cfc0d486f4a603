"""Transactions (RFC 3261 section 17 as amended by RFC 6026 and RFC 4320) on a clock that the caller owns."""
