"""State the contracts between layers: what an engine, an encoder and the store must do.

Every implementation, the in-memory fakes of the tests included, passes the conformance suite of its Protocol in
`tests/conformance/`. Unless a method says otherwise: ids are document ids; unknown ids are skipped in silence;
results hold no
document twice; an implementation may be used by several threads at once; ties in score are ordered by document id.
"""
