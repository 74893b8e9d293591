"""The stores of accounts: one TinyDB document per account in a folder, or in memory."""
