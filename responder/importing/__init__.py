"""Scenario files of other tools turned into ours: text in, text out."""
