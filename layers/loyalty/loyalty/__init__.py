"""Elite: a retailer's loyalty program. See docs/domain.md for its words and rules."""
