"""Text analysis: terms, surfaces and identifiers with their spans, the same for documents and queries."""
