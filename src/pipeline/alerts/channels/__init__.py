"""The ways by which messages leave, a file each."""
