"""What goes where: rules, transforms, the proposer, and the stored versions of a field map."""
