"""Measures Platen on this machine. Each program prints what it ran on, with which settings, and how it counted."""
