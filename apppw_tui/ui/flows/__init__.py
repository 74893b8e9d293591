"""One file per conversation of several dialogs; each is read from top to bottom."""
