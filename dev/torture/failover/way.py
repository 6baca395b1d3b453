"""The way from one machine to etcd: `way.py PORT TO` passes on what comes to PORT, until it is stopped by a SIGSTOP.

Stopped, it is a cable that was cut: connections stay, the system takes new ones, and nothing comes through.
"""

import asyncio
import sys
from asyncio import StreamReader, StreamWriter


async def passed_on(reader: StreamReader, writer: StreamWriter) -> None:
    """Pass on what comes one way, to its end."""
    try:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


async def main(port: int, to: int) -> None:
    """Pass on both ways of each connection."""

    async def met(reader: StreamReader, writer: StreamWriter) -> None:
        try:
            answers, requests = await asyncio.open_connection("127.0.0.1", to)
        except OSError:
            writer.close()
            return
        await asyncio.gather(passed_on(reader, requests), passed_on(answers, writer))

    server = await asyncio.start_server(met, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
