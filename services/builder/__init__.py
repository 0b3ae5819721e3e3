"""The builder: takes publications from the queue, renders them in a child process, commits finished pages."""
