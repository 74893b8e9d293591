"""App passwords for your own server, managed over SSH."""

__version__ = "0.1.0"
