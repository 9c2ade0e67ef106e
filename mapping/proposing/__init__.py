"""The proposer's rooms: names, concepts, meaning, evidence from values, one choice for all fields, and why."""
