"""Strange runs found in a log by ours, by rules and by libraries: compared, and made part of the document."""
