"""Pure loyalty rules: standard library only; time, ids and the program come in as arguments."""
