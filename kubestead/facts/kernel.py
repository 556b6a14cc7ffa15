"""Facts about the running kernel: modules, settings, swap."""

from __future__ import annotations

from pyinfra.api import FactBase, QuoteString, StringCommand


class MissingModules(FactBase[list[str]]):
    """Those of ``modules`` that are neither loaded nor built into the kernel."""

    default = list

    def command(self, modules: tuple[str, ...]) -> StringCommand:
        quoted = [QuoteString(module) for module in modules]
        return StringCommand(
            "for m in", *quoted, """; do [ -d "/sys/module/$m" ] ||""",
            """grep -qs "/$m[.]ko" "/lib/modules/$(uname -r)/modules.builtin" || printf '%s\\n' "$m"; done""",
        )  # fmt: skip

    def process(self, output: list[str]) -> list[str]:
        return output


class KernelSettings(FactBase[dict[str, str]]):
    """The present value of each of the sysctl ``keys``; a key the kernel does not have is not in the result."""

    default = dict

    def command(self, keys: tuple[str, ...]) -> StringCommand:
        # `sysctl` complains of an absent key on stderr and exits 1, yet prints the others.
        return StringCommand("sysctl", *[QuoteString(key) for key in keys], "2>/dev/null || true")

    def process(self, output: list[str]) -> dict[str, str]:
        pairs = (line.partition(" = ") for line in output if " = " in line)
        return {key: " ".join(value.split()) for key, _, value in pairs}


class ActiveSwap(FactBase[list[str]]):
    """The devices and files that are used as swap now."""

    default = list

    def command(self) -> str:
        # A kernel without support for swap has no such file.
        return "tail -n +2 /proc/swaps 2>/dev/null || true"

    def process(self, output: list[str]) -> list[str]:
        return [line.split()[0] for line in output if line.strip()]
