"""`python -m supportcases` is the command `supportcases`."""

import sys

from supportcases.cli import main

if __name__ == "__main__":
    sys.exit(main())
