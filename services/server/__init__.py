"""The server: serves published pages from memory, and tells watchers what happens to publications."""
