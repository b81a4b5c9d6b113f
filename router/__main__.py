"""``python -m router``: the same as the command ``fairline``."""

from router.server.cli import main

if __name__ == "__main__":
    main()
