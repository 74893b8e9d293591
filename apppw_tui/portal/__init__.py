"""The acts of a person. Plain Python: no terminal in it."""
