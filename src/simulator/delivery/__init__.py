"""When rows arrive, and the files they arrive in."""
