"""``python -m her2sim`` does what the command ``her2sim`` does."""

from her2sim.cli.main import main

if __name__ == "__main__":
    main()
