"""What a service can ask: yes, no, not mine, or not now."""
