"""What a person can do. Plain Python: no terminal in it."""
