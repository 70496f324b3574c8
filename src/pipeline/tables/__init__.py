"""Every table, declared once. This package imports no engine, tracker or client."""
