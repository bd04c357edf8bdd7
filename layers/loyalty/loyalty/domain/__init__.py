"""Pure loyalty rules: standard library only; time, ids and the program definition come in as arguments."""
