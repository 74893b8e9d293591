"""The parts that screens and dialogs share."""
