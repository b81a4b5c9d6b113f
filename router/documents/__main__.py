"""``python -m router.documents`` makes the files anew that are made from the source."""

import sys
from pathlib import Path

from router.documents.made import Untold, make

try:
    sys.stdout.writelines(f"{name}\n" for name in make(Path(__file__).parents[2]))
except Untold as reason:
    sys.exit(str(reason))
