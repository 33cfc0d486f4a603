"""The garbage collector of a process of our own."""

from __future__ import annotations

import gc

from responder.net.gc_policy import YOUNG, settle


def test_what_is_loaded_is_frozen_and_rounds_are_rare() -> None:
    before = gc.get_threshold()
    try:
        settle()
        assert gc.get_freeze_count() > 1000
        assert gc.get_threshold() == (YOUNG, *before[1:])
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)
