"""A year of a real grocer's orders through the program's real doors, checked against an independent recomputation."""
