"""The whole server in one trio run: virtual time, memory streams, a disk that fails by a seed."""
