"""The workspace itself, as its APIs tell: who asks, what is enabled and granted, what is there."""
