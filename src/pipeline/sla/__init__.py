"""What was promised of a job, in which words, which promise holds, and when it is due."""
