"""Pictures of every screen of the app, taken of a running Platen with demo content: `make screenshots`."""
