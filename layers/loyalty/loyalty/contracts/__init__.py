"""What crosses a border: HTTP bodies, events, machine inputs and outputs, the program."""
