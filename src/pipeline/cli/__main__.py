"""Where `rightrun` begins, and `python -m pipeline.cli`."""

from pipeline.cli.interrupts import end_when_interrupted
from pipeline.engine.temporary_folders import gather_in_one


def main() -> None:
    """Be ready for an interrupt first: the commands take seconds to load."""
    end_when_interrupted()
    gather_in_one()
    from pipeline.cli.app import main as run

    run()


if __name__ == "__main__":
    main()
