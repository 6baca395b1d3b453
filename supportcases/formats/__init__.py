"""How cases are written down."""
