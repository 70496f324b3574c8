"""What may be wrong with a bundle, found without a workspace: one file a question."""
