"""`python -m services` is the same as `platen`."""

from services.cli import main

main()
