"""The run record: what a run did, below ``.kubestead/runs/<time>/``. Pure; :mod:`kubestead.runrecord` writes it.

run.json
    What was run, by whom, on which cluster; written before the first change.
begun.jsonl
    One line per operation as it begins: so a run that is killed shows where.
operations.jsonl
    One line per operation and host as it ends.
messages.jsonl
    Warnings and errors.
end.json
    How it ended; a run that was killed has none.
"""
