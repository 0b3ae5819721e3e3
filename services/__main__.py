"""`python -m services` is the same as `platen`."""

from services.cli import main

if __name__ == "__main__":
    main()
