"""What jobs do: runs, attempts, tasks, how long they take and how they end."""
