from __future__ import annotations

import signal
import threading

import pytest

from nst_onnx.cli.interruption import SIGNALS, Interruption


def test_the_first_signal_only_asks_the_second_stops() -> None:
    told: list[str] = []
    with Interruption(lambda: told.append("told")) as interruption:
        interruption.holding = True
        signal.raise_signal(signal.SIGINT)
        assert interruption.asked
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert told == ["told"]


@pytest.mark.parametrize("number", SIGNALS)
def test_before_there_is_anything_to_save_it_stops_at_once(number: signal.Signals) -> None:
    with pytest.raises(KeyboardInterrupt), Interruption(lambda: None) as interruption:
        signal.raise_signal(number)
    assert not interruption.asked


def test_handlers_are_put_back() -> None:
    before = [signal.getsignal(number) for number in SIGNALS]
    with Interruption(lambda: None):
        assert all(
            signal.getsignal(number) != handler for number, handler in zip(SIGNALS, before, strict=True)
        )
    assert [signal.getsignal(number) for number in SIGNALS] == before


def test_in_a_thread_it_does_no_harm() -> None:
    errors: list[BaseException] = []

    def enter() -> None:
        try:
            with Interruption(lambda: None):
                pass
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert errors == []
