"""Things and the rules that hold for them. No terminal, no files, no TinyDB."""
