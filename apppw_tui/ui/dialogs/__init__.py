"""One file per question; a dialog returns a typed answer."""
