"""The shell around the core: sockets, clocks, files and people."""
