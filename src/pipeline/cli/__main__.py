"""`python -m pipeline.cli` is `rightrun`."""

from pipeline.cli.app import main

main()
