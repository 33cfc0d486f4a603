"""A SIP test responder: any response code to any client, scripted, and judged by the RFCs."""

__version__ = "0.1.0"
