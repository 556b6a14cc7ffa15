"""TCP relays that make hosts far away: what goes in comes out at the other end a while later, each way.

``python -m bench.relay SECONDS LISTEN:PORT=HOST:PORT ...``: SECONDS each way, so twice that for a round trip. It stands
in for ``tc netem``, which not every kernel has. Bandwidth stays what it is; a connection is made without the delay.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress

_CHUNK = 65536


async def relay(listen: str, target: str, seconds: float) -> None:
    """Relay connections to ``listen`` (``address:port``) to ``target`` until the process ends."""
    address, _, port = target.rpartition(":")

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there_reader, there_writer = await asyncio.open_connection(address, int(port))
        except OSError:
            writer.close()
            return
        await asyncio.gather(_late(reader, there_writer, seconds), _late(there_reader, writer, seconds))
        for end in (writer, there_writer):
            end.close()

    own, _, own_port = listen.rpartition(":")
    server = await asyncio.start_server(serve, own, int(own_port))
    print(f"relay {listen} to {target}, {seconds} s each way", flush=True)
    async with server:
        await server.serve_forever()


async def _late(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seconds: float) -> None:
    """Hand on what comes, in its order, each piece ``seconds`` after it came."""
    queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
    clock = asyncio.get_running_loop().time

    async def read() -> None:
        data = b"more"
        while data:
            with suppress(ConnectionError):
                data = await reader.read(_CHUNK)
            queue.put_nowait((clock() + seconds, data))

    reading = asyncio.create_task(read())
    data = b"more"
    while data:
        due, data = await queue.get()
        await asyncio.sleep(max(0.0, due - clock()))
        with suppress(ConnectionError):
            writer.write(data)
            await writer.drain()
    await reading
    with suppress(OSError):
        writer.write_eof()


async def _all(seconds: float, pairs: list[str]) -> None:
    ends = [pair.partition("=") for pair in pairs]
    await asyncio.gather(*(relay(listen, target, seconds) for listen, _, target in ends))


if __name__ == "__main__":
    asyncio.run(_all(float(sys.argv[1]), sys.argv[2:]))
