"""What is wrong with a store, and with the server around it: looked at, and never changed."""
