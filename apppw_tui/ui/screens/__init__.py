"""One file per screen; they replace each other."""
