"""The response codes: phrase, reference, methods, the headers each requires and what a client must do on it."""
