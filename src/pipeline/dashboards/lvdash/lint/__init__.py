"""What may be wrong with a `.lvdash.json`, found without a workspace: one file a part of it."""
