"""The dashboards at home: the same declarations, read from the home's own tables and drawn in a browser."""
