"""Values, and the rules of their life. Nothing here knows a technology."""
