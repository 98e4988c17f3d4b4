"""Shipped content: example articles and tickets, the manual, decision records."""
