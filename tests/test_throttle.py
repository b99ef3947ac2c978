from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from nst_onnx.support.throttle import Throttle


class Clock:
    """A clock that goes on only when told."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def pass_(self, seconds: float) -> None:
        self.now += seconds


def test_the_first_time_is_at_once() -> None:
    assert Throttle(10, clock=Clock()).due()


def test_not_again_before_its_time() -> None:
    clock = Clock()
    pace = Throttle(10, clock=clock)
    pace.run(lambda: None)
    clock.pass_(9.9)
    assert not pace.due()
    clock.pass_(0.2)
    assert pace.due()


@given(st.floats(0.001, 10), st.floats(0.001, 5), st.floats(0.01, 0.5))
def test_it_takes_no_more_than_its_share(cost: float, work: float, share: float) -> None:
    clock = Clock()
    pace = Throttle(0.0, share, clock=clock)
    spent = 0.0
    for _ in range(200):
        clock.pass_(work)
        if pace.due():
            pace.run(lambda: clock.pass_(cost))
            spent += cost
    assert spent <= share * clock.now + cost
