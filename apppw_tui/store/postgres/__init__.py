"""The store in PostgreSQL, for several machines; nothing of it is loaded where files are used."""
