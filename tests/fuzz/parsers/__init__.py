"""Mutated bytes through every parser that reads from outside. Run: make fuzz-parsers."""
