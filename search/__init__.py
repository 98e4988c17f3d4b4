"""The read path: a query or ticket becomes ranked documents."""
