"""`python -m launcher` is the command."""

from launcher.cli.main import main

main()
