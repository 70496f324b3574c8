"""One night: which rows of each table are affected by what is new, and how they are computed and remembered."""
