"""A year of a real grocer's orders through the program's real doors.

Checked against an independent recomputation.
"""
