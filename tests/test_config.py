"""Settings: what a flag, the environment and nothing at all give; the installation's own key."""

import stat
from functools import partial
from pathlib import Path

import pytest

from debrief.config import SECRET_BYTES, name_of, organization_of, settings_from, word_of
from debrief.errors import SettingsError


@pytest.mark.parametrize("kept", ["", "\n", "00", "ab" * (SECRET_BYTES - 1), "not hex " * 8])
def test_an_empty_or_short_key_is_refused(tmp_path: Path, kept: str) -> None:
    (tmp_path / "secret.key").write_text(kept)
    with pytest.raises(SettingsError, match=r"secret\.key does not hold a key in hex; move it away"):
        settings_from({}, data=tmp_path).secret()
    assert (tmp_path / "secret.key").read_text() == kept, "what may be somebody's key is left alone"


def test_a_good_key_is_read(tmp_path: Path) -> None:
    key = bytes(range(SECRET_BYTES))
    (tmp_path / "secret.key").write_text(f"{key.hex()}\n")
    assert settings_from({}, data=tmp_path).secret() == key


def test_a_fresh_key_is_long_and_nobody_elses(tmp_path: Path) -> None:
    settings = settings_from({}, data=tmp_path / "made" / "here")
    key = settings.secret()
    path = settings.data / "secret.key"
    assert len(key) == SECRET_BYTES == 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert settings.secret() == key, "made once"
    assert list(settings.data.iterdir()) == [path], "nothing is left beside it"
    assert settings_from({}, data=tmp_path / "elsewhere").secret() != key


def test_a_flag_goes_before_the_environment_and_that_before_the_default(tmp_path: Path) -> None:
    environment = {
        "DEBRIEF_DATA": str(tmp_path / "environment"),
        "DEBRIEF_PORT": "8100",
        "DEBRIEF_HOST": "192.0.2.1",
        "DEBRIEF_WORKERS": "3",
        "DEBRIEF_ORG": "acme",
        "DEBRIEF_PUBLIC_URL": "https://environment.example/",
    }
    flags = settings_from(
        environment,
        data=tmp_path / "flag",
        port=8200,
        host="192.0.2.2",
        workers=4,
        org="flagged",
        public_url="https://flag.example",
    )
    assert (flags.data, flags.port, flags.host) == (tmp_path / "flag", 8200, "192.0.2.2")
    assert (flags.workers, flags.org_id, flags.public_url) == (4, "flagged", "https://flag.example")
    told = settings_from(environment, data=None, port=None, host=None, workers=None)
    assert (told.data, told.port, told.host) == (tmp_path / "environment", 8100, "192.0.2.1")
    assert (told.workers, told.org_id, told.public_url) == (3, "acme", "https://environment.example")
    assert told.database_url == f"sqlite:///{tmp_path / 'environment' / 'debrief.db'}"
    default = settings_from({"XDG_DATA_HOME": str(tmp_path), "DEBRIEF_HOST": ""})
    assert (default.data, default.port, default.host) == (tmp_path / "debrief", 8000, "127.0.0.1")
    assert (default.workers, default.org_id, default.public_url) == (1, "local", None)


def test_port_zero_is_a_port() -> None:
    assert settings_from({"DEBRIEF_PORT": "8100"}, port=0).port == 0


@pytest.mark.parametrize(
    "text", ["", " ", "\t", "\u3000", "a\0b", "a\nb", "a\x7f", "\x1b[1m", "\udcff", "x" * 201]
)
def test_what_is_no_name_is_refused(text: str) -> None:
    for judge in (partial(name_of, "the key's name"), partial(word_of, "the tag"), organization_of):
        with pytest.raises(SettingsError) as refused:
            judge(text)
        assert str(refused.value).isprintable(), "shown on a terminal"


def test_a_name_may_be_as_long_as_said_and_in_any_script() -> None:
    assert name_of("the key's name", "CI, nightly / \u00fcber ") == "CI, nightly / \u00fcber "
    assert word_of("the tag", "t" * 200) == "t" * 200
    assert word_of("the tag", "team/\u30c1\u30fc\u30e0 1") == "team/\u30c1\u30fc\u30e0 1"
    assert organization_of("o" * 100) == "o" * 100
    with pytest.raises(SettingsError, match="101 characters; it may have 100"):
        organization_of("o" * 101)


@pytest.mark.parametrize("text", ["a,b", ",", " a", "a "])
def test_what_a_list_cannot_ask_for_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="comma"):
        word_of("the tag", text)
    with pytest.raises(SettingsError, match="comma"):
        organization_of(text)


@pytest.mark.parametrize("text", ["a/b", "/", ".", ".."])
def test_what_no_path_of_an_address_can_carry_is_no_organization(text: str) -> None:
    assert word_of("the tag", text) == text
    with pytest.raises(SettingsError, match="slash"):
        organization_of(text)


def test_settings_hold_good_names_alone() -> None:
    with pytest.raises(SettingsError, match="organization"):
        settings_from({"DEBRIEF_ORG": "a,b"})
    with pytest.raises(SettingsError, match="organization is ''"):
        settings_from({"DEBRIEF_ORG": "acme"}, org="")
    with pytest.raises(SettingsError, match="DEBRIEF_ENTERPRISE"):
        settings_from({"DEBRIEF_ENTERPRISE": "a\nb"})
    with pytest.raises(SettingsError, match="DEBRIEF_ENTERPRISE has 101"):
        settings_from({"DEBRIEF_ENTERPRISE": "e" * 101})
    unset = settings_from({"DEBRIEF_ORG": "", "DEBRIEF_ENTERPRISE": ""})
    assert (unset.org_id, unset.enterprise_id) == ("local", "default")
