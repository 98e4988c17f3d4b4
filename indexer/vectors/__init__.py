"""The vector index: FAISS segments, the facts that filter them, and the manifest that commits them."""
