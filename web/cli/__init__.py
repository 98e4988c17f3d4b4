"""The command line `kb`: one module for each family of commands."""
