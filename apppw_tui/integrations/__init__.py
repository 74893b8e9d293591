"""What the world around is told, and what it is asked."""
