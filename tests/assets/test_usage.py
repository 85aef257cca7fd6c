"""What a step cost, also when others run beside it."""

import sys
import threading

import pytest

from recsys_assets.assets.usage import measured

MB = 10**6


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the peak is that of the process so far")
def test_a_block_keeps_its_peak_when_another_begins():
    big, done = threading.Event(), threading.Event()
    peaks = {}

    def outer():
        with measured() as usage:
            held = bytearray(300 * MB)
            held[::4096] = b"x" * len(held[::4096])
            del held
            big.set()
            done.wait(30)
        peaks["outer"] = usage.peak_mb

    thread = threading.Thread(target=outer)
    thread.start()
    assert big.wait(30)
    with measured() as usage:
        pass
    done.set()
    thread.join()
    assert peaks["outer"] >= 300
    assert usage.peak_mb < peaks["outer"] - 100, "the peak of the block before is not this one's"
