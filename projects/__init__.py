"""What people decide and what the workers did: projects, runs, records, gates, and the screens."""
