"""Small, obvious implementations of the Protocols, which pass the same conformance suites as the real ones."""
