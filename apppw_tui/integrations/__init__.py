"""Talk with the world around: what it is told, and what it is asked."""
