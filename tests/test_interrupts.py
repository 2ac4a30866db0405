import signal
from collections.abc import Iterator

import pytest
from sqlalchemy import text

from debrief import __main__, cli
from debrief.interrupts import held, raised_once
from debrief.store import Store


@pytest.fixture(autouse=True)
def handler() -> Iterator[None]:
    """What Ctrl-C does in a command; and after the test, what it did before."""
    before = signal.signal(signal.SIGINT, raised_once)
    yield
    signal.signal(signal.SIGINT, before)


def test_ctrl_c_waits_for_the_end_of_a_transaction(store: Store) -> None:
    done = []

    def write() -> None:
        with store.write() as connection:
            connection.execute(text("INSERT INTO organizations VALUES ('default', 'whole', 1)"))
            signal.raise_signal(signal.SIGINT)
            done.append("the rest")

    with pytest.raises(KeyboardInterrupt):
        write()
    assert done == ["the rest"]
    with store.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM organizations")).scalar_one() == 1


def test_one_more_ctrl_c_ends_the_process_whether_the_first_waits_or_not() -> None:
    meanwhile = []

    def hold() -> None:
        with held(), held():
            signal.raise_signal(signal.SIGINT)
            meanwhile.append(signal.getsignal(signal.SIGINT))

    with pytest.raises(KeyboardInterrupt):
        hold()
    assert meanwhile == [signal.SIG_DFL]
    assert signal.getsignal(signal.SIGINT) == signal.SIG_DFL


def test_a_server_answers_ctrl_c_itself(store: Store) -> None:
    told = []
    signal.signal(signal.SIGINT, lambda number, _frame: told.append(number))
    with store.write():
        signal.raise_signal(signal.SIGINT)
        assert told == [signal.SIGINT]


def test_what_ctrl_c_made_of_a_librarys_tidying_up_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_loaded: object) -> None:
        try:
            raise KeyboardInterrupt
        finally:
            raise AssertionError

    monkeypatch.setattr(cli, "main", interrupted)
    with pytest.raises(SystemExit) as ended:
        __main__.main()
    assert ended.value.code == 130


def test_an_error_stays_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(_loaded: object) -> None:
        raise AssertionError

    monkeypatch.setattr(cli, "main", wrong)
    with pytest.raises(AssertionError):
        __main__.main()
