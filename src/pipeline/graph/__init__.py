"""The kinds of step, and the graph that they make."""
