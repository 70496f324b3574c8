"""What is deployed to a workspace: generated from the graph and the tables, and checked without one."""
