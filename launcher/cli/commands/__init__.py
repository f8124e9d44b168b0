"""One module for each command, of its name: its options, the call of the application, and what is shown."""
