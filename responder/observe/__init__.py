"""What happened, from the engine's events: journal, ladder, capture file."""
