"""`python -m responder` is the command `responder`."""

import sys

from responder.cli import main

if __name__ == "__main__":
    sys.exit(main())
