"""Words, rules, analysis, contracts and the store of record."""
