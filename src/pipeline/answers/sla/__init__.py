"""SLAs: which hold, which will be missed, how they were kept, which to propose."""
