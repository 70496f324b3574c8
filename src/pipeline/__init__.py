"""RightRun's pipeline: everything that touches an engine, a file or a service."""
