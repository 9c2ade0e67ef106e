"""The demo: both systems as stand-ins, a Redis, a worker and the web app, all on this machine."""
