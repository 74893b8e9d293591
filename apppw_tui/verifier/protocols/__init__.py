"""One file for each protocol that a service may speak, and what they share."""
