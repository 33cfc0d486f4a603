"""Sockets: the only layer that imports asyncio and socket."""
