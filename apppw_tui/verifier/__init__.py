"""The verifier: services ask; yes, no, not mine, or not now."""
