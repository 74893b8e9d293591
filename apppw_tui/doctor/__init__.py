"""Faults of a store, and of the server around it: looked for, and never mended."""
