"""The portal line by line: for screen readers, braille lines, dumb terminals and `expect`."""
