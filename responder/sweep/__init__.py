"""Driving a client through response codes: the cases, what each is answered with, running and judging them."""
