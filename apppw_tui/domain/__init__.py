"""What things are, and which rules hold. No terminal, no files, no TinyDB."""
