"""Backups: written, read, and brought back account by account."""
