"""The proof of the promises: real processes under faults, a record of what happened, and a checker of it."""
