"""What the desk needs from a database, and the engines that give it."""
