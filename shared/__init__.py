"""What the three services have in common: the contracts, and the only code that talks to Redis."""
