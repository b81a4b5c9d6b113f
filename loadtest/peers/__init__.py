"""Other servers beside Fairline in one run: what relaying a message and holding a socket cost.

``python -m loadtest.peers`` runs them in turn and prints a table; docs/peers.md says how to
install them. Start reading at ``loadtest/peers/__main__.py``.
"""
