"""Reports: their days, their sentences, their files."""
