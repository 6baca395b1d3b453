"""Experiments that try to make the desk lose something or let somebody in: `python -m dev.torture`."""
