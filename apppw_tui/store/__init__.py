"""Where accounts are kept: one TinyDB document per account, behind five calls."""
