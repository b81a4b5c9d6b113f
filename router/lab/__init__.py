"""The laboratory: the router's own core in virtual time, beside the theory of waiting lines."""
