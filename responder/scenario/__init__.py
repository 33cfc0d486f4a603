"""Scenarios: YAML with positions, compiled to a frozen plan, played by a `Runner` (see docs)."""
