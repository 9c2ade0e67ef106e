"""What the workers do: the engine, the phases, and one module per stage of a step."""
