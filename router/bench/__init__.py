"""Benchmarks: each prints a ratio against a reference that ran in the same minutes.

The machines that run them are shared and noisy, so absolute figures say little. Start them with
``fairline bench PART``: core, journal, gateway, and by name alone, for they take minutes, idle,
slow, storm and soak. ``--json`` gives the figures to a program.
"""
