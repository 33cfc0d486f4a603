"""The user agent server core (RFC 3261 section 8.2): inspects requests, builds responses, asks a `Script`."""
