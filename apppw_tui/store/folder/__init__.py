"""A store in one folder: TinyDB documents, small files of counters and use, locks."""
