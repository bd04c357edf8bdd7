"""The rules of this house, held by machines."""
