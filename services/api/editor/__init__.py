"""The editors' app: a shell that is the same for every address, and the modules and style sheets it loads."""
