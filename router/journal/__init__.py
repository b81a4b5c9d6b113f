"""The journals: one total order of durable commands, kept in memory, in a folder or on Redis.

`base` says what every journal promises; the engine knows nothing else of them.
"""
