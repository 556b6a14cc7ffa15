"""Many questions to a host in one command, and their answers told apart."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from typing import Any

from paramiko import SSHException
from pyinfra.api import StringCommand
from pyinfra.api.host import Host
from pyinfra.connectors.util import CommandOutput, OutputLine

TIMEOUT_SECONDS = 60
# What a question is: the command, and how it is run (sudo, a shell of its own).
Question = tuple[str, str]
Arguments = Mapping[str, Any]


def question_of(command: str, arguments: Arguments) -> Question:
    """A command with pyinfra's arguments; how long it may take and what is printed of it make no difference."""
    said = {key: value for key, value in arguments.items() if key.startswith("_") and key != "_timeout" and value}
    return command, repr(sorted(said.items()))


def ask_together(host: Host, wanted: Mapping[Question, tuple[str, Arguments]]) -> dict[Question, CommandOutput]:
    """The answers of those that succeeded; what failed is asked again in earnest, where failures are told."""
    groups: dict[str, dict[Question, tuple[str, Arguments]]] = {}
    for question, given in wanted.items():
        groups.setdefault(question[1], {})[question] = given
    answers: dict[Question, CommandOutput] = {}
    for group in groups.values():
        mark = f"kubestead-{secrets.token_hex(8)}"
        script = "\n".join(f"( ({command}\n) 2>/dev/null; echo {mark} $? )" for command, _ in group.values())
        arguments = {**next(iter(group.values()))[1], "_timeout": TIMEOUT_SECONDS}
        arguments = {key: value for key, value in arguments.items() if key.startswith("_")}
        try:
            _, output = host.connector.run_shell_command(StringCommand(script), **arguments)
        except (OSError, SSHException, EOFError):
            continue
        # A host that fell silent in the middle has answered the first of them.
        told = zip(group, parse(output.stdout_lines, mark), strict=False)
        answers |= {question: answer for question, answer in told if answer is not None}
    return answers


def parse(lines: list[str], mark: str) -> Iterator[CommandOutput | None]:
    """Each command's output, up to its mark and exit code, in order; None for one that failed."""
    own: list[str] = []
    for line in lines:
        text, found, code = line.rpartition(f"{mark} ")
        if not found:
            own.append(line)
            continue
        # A last line without a newline has the mark behind it.
        own += [text] if text else []
        yield CommandOutput([OutputLine("stdout", one) for one in own]) if code == "0" else None
        own = []
