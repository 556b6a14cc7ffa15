"""Fills the tables of docs/cilium.md from ``choices.yaml``: ``python -m kubestead.cilium.document``."""

from __future__ import annotations

import re
from pathlib import Path

from kubestead.cilium.choices import USED, State, Topic, topics

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "cilium.md"
BLOCK = re.compile(r"<!-- choices -->\n.*?<!-- end -->", re.DOTALL)
HEAD = "| choice | does | needs | excludes | proof |\n|---|---|---|---|---|"


def filled(text: str) -> str:
    """The document with its block as ``choices.yaml`` says."""
    block = "\n\n".join(_section(topic) for topic in topics())
    return BLOCK.sub(lambda _: f"<!-- choices -->\n\n{block}\n\n<!-- end -->", text)


def _section(topic: Topic) -> str:
    rows = [
        f"| {_choice(key, word)} | {state.does} | {state.needs} | {state.excludes} | {_proof(state)} |"
        for key, states in topic.choices.items()
        for word, state in states.items()
    ]
    return "\n".join([f"### {topic.topic}", "", HEAD, *rows])


def _choice(key: str, word: str) -> str:
    return f"`{key}`" if word == USED else f'`{key} = "{word}"`'


def _proof(state: State) -> str:
    if not state.measured:
        return f"not proven: {state.unproven}"
    files = dict.fromkeys(test.partition("::")[0] for test in state.measured)
    return "measured: " + ", ".join(f"[{Path(file).stem}](../{file})" for file in files)


if __name__ == "__main__":
    DOCUMENT.write_text(filled(DOCUMENT.read_text()))
