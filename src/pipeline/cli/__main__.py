"""Where `rightrun` begins, and `python -m pipeline.cli`."""

from pipeline.cli.interrupts import end_when_interrupted


def main() -> None:
    """Be ready for an interrupt first: the commands take seconds to load."""
    end_when_interrupted()
    from pipeline.cli.app import main as run

    run()


if __name__ == "__main__":
    main()
