"""Two keyword engines behind one Protocol, both fed the terms of `kb.analysis`."""
