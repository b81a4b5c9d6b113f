"""Benchmarks: each prints a ratio against a reference that ran in the same minutes.

The machines that run them are shared and noisy, so absolute figures say little. Start them with
``fairline bench core``, ``fairline bench journal`` or ``fairline bench gateway``; ``--json`` gives
the figures to a program.
"""
