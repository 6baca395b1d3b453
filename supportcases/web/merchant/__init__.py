"""The API of the merchants."""
