"""The pages, one file each, with the datasets that they are the first to show."""
