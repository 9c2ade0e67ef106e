"""The systems outside: one package per system, and what they share. Knows no Django model."""
