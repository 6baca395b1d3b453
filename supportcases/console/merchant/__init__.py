"""The merchant's pages: list, open, read, reply, close and reopen, inside the host's own layout."""
