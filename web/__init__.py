"""Pages, JSON and the shell: translates, decides nothing."""
