from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from nst_onnx.support.throttle import Throttle


class Clock:
    """A clock that advances by `pass_` only."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def pass_(self, seconds: float) -> None:
        self.now += seconds


def test_due_at_once_the_first_time() -> None:
    assert Throttle(10, clock=Clock()).due()


def test_not_due_before_the_interval() -> None:
    clock = Clock()
    throttle = Throttle(10, clock=clock)
    throttle.run(lambda: None)
    clock.pass_(9.9)
    assert not throttle.due()
    clock.pass_(0.2)
    assert throttle.due()


@given(st.floats(0.001, 10), st.floats(0.001, 5), st.floats(0.01, 0.5))
def test_throttled_work_takes_no_more_than_its_share(cost: float, work: float, share: float) -> None:
    clock = Clock()
    throttle = Throttle(0.0, share, clock=clock)
    spent = 0.0
    for _ in range(200):
        clock.pass_(work)
        if throttle.due():
            throttle.run(lambda: clock.pass_(cost))
            spent += cost
    assert spent <= share * clock.now + cost
