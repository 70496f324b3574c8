"""Where rows come from: exports in a folder, the system tables themselves, or a simulation."""
