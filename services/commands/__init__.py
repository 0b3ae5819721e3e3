"""The commands of `platen`: one module for each thing that they are about."""
