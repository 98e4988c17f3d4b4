"""The store of record: articles, tickets, changes, vectors and access, in one SQL database."""
