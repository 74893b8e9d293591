"""One file per subject; a dialog returns a typed answer."""
