"""The write path: documents become passages, vectors and index entries; the only home of the engines."""
