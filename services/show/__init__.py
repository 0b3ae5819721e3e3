"""What the command line shows: tables, problems with their mends, and what is under way as it happens."""
