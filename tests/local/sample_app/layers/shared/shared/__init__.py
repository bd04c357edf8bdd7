"""Shared by the functions of the sample."""
