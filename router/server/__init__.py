"""What holds the sockets and drives the core; everything here may touch the world."""
