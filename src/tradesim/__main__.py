"""``python -m tradesim``: the command line."""

import sys

from tradesim.cli import main

sys.exit(main())
