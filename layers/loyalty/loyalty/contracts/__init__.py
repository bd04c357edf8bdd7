"""What crosses a border of the program: HTTP bodies, events, state-machine input and output, the program definition."""
