"""The three services (api, builder, server) and the two roots that compose them (cli with its commands, up)."""
