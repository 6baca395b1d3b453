"""The API of the support team."""
