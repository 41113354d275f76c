"""References are filled in after parsing, and secrets are shown nowhere."""

import json
from dataclasses import asdict

import pytest

from syncd.config.source_parts import SqlSettings
from syncd.errors import ConfigError
from tests.config.files import HEAD, USERS, faults_of, load_text

CANARY = "CANARY-s3cr3t"
TEXT = HEAD + USERS


def test_a_key_from_the_environment(tmp_path):
    config = load_text(tmp_path, TEXT, environ={"LITMOS_API_KEY": CANARY})
    assert config.litmos.api_key.reveal() == CANARY
    assert str(config.litmos.api_key) == "•••• (from env LITMOS_API_KEY)"


def test_a_key_from_the_file_twin_is_read_again(tmp_path):
    file = tmp_path / "key"
    file.write_text(f"{CANARY}\n", encoding="utf-8")
    file.chmod(0o400)
    config = load_text(tmp_path, TEXT, environ={"LITMOS_API_KEY_FILE": str(file)})
    assert config.litmos.api_key.reveal() == CANARY
    file.chmod(0o600)
    file.write_text("rotated\n", encoding="utf-8")
    assert config.litmos.api_key.reveal() == "rotated"
    assert str(config.litmos.api_key) == "•••• (from env LITMOS_API_KEY_FILE)"
    file.unlink()
    with pytest.raises(
        ConfigError, match=r"syncd.yaml:3:19: litmos.api_key: .*key cannot be read: No such file"
    ):
        config.litmos.api_key.reveal()


def test_a_key_from_a_file_beside_the_configuration(tmp_path):
    (tmp_path / "key").write_text(CANARY, encoding="utf-8")
    (tmp_path / "key").chmod(0o400)
    config = load_text(tmp_path, TEXT.replace("${env:LITMOS_API_KEY}", "${file:key}"), environ={})
    assert config.litmos.api_key.reveal() == CANARY
    assert config.warnings == ()


def test_a_secret_file_that_everybody_can_read_is_a_warning(tmp_path):
    (tmp_path / "key").write_text(CANARY, encoding="utf-8")
    (tmp_path / "key").chmod(0o444)
    config = load_text(tmp_path, TEXT.replace("${env:LITMOS_API_KEY}", "${file:key}"), environ={})
    assert len(config.warnings) == 1
    assert config.warnings[0].endswith("key: every user of this machine can read this secret: chmod 0400")


def test_a_key_in_the_file_itself_is_a_warning(tmp_path):
    config = load_text(tmp_path, TEXT.replace("${env:LITMOS_API_KEY}", CANARY))
    assert config.litmos.api_key.reveal() == CANARY
    assert config.warnings == (
        "syncd.yaml:3:19: litmos.api_key: is written in the file; use ${env:LITMOS_API_KEY} or ${file:...}",
    )
    assert CANARY not in repr(config)


@pytest.mark.parametrize(
    ("written", "environ", "fault"),
    [
        ("${env:KEY}", {}, "the environment variable KEY is not set; set it, or KEY_FILE"),
        ("${env:KEY}", {"KEY": ""}, "the environment variable KEY is empty; set it, or KEY_FILE"),
        ("${env:KEY}", {"KEY": "a", "KEY_FILE": "b"}, "both KEY and KEY_FILE are set; unset one"),
        ("${file:none}", {}, "none cannot be read: No such file or directory"),
        ("${file:empty}", {}, "empty is empty"),
        ("${file:large}", {}, "large has more than 65536 bytes: that is no secret"),
        ("${file:.}", {}, "cannot be read: Is a directory"),
        ("${KEY}", {}, "${KEY} is no reference: write ${env:NAME}"),
        ("${env:KEY", {}, "${ is no reference"),
        ("${vault:x}", {}, "${vault:x} is no reference"),
    ],
)
def test_a_reference_that_cannot_be_filled_in(tmp_path, written, environ, fault):
    (tmp_path / "empty").write_text("\n", encoding="utf-8")
    (tmp_path / "large").write_text("x" * 70_000, encoding="utf-8")
    found = faults_of(tmp_path, TEXT.replace("${env:LITMOS_API_KEY}", written), environ=environ)
    assert len(found) == 1
    assert found[0].startswith("syncd.yaml:3:19: litmos.api_key: ")
    assert fault in found[0]


def test_nothing_filled_in_becomes_yaml_or_a_reference(tmp_path):
    evil = "x\npush: {policy: sync} # ${env:HOME} {{7*7}}"
    text = TEXT + '    JobTitle: {value: "${env:TITLE}"}\n'
    config = load_text(tmp_path, text, environ={"LITMOS_API_KEY": CANARY, "TITLE": evil.replace("\n", " ")})
    assert config.push.policy == "observe"
    shown = {shown.key: shown.value for shown in config.redacted()}
    assert shown["users.fields.JobTitle.value"] == f"{evil.replace(chr(10), ' ')} (from env TITLE)"


def test_defaults_escapes_and_pieces(tmp_path):
    text = (
        TEXT
        + """\
    JobTitle: {value: "${env:A:-no: title}"}
    City: {value: "$${env:A} ${env:B} $5"}
web: {port: "${env:PORT:-9090}"}
"""
    )
    config = load_text(tmp_path, text, environ={"LITMOS_API_KEY": CANARY, "B": "b"})
    shown = {shown.key: shown.value for shown in config.redacted()}
    assert shown["users.fields.JobTitle.value"] == "no: title (from default, env A is not set)"
    assert shown["users.fields.City.value"] == "${env:A} b $5 (from env B)"
    assert config.web.port == 9090


def test_keys_are_not_filled_in(tmp_path):
    text = TEXT + '    Country: {from: c, map: {"${env:LITMOS_API_KEY}": x}}\n'
    rule = load_text(tmp_path, text).mapping.fields[-1]
    assert rule.value.lookup is not None
    assert list(rule.value.lookup.table) == ["${env:LITMOS_API_KEY}"]


def test_a_password_in_a_url_is_encoded_and_hidden(tmp_path):
    text = TEXT.replace("sqlite:///syncd.db", "postgresql://u:${env:PW}@${env:HOST}/syncd?sslpassword=abc")
    config = load_text(tmp_path, text, environ={"LITMOS_API_KEY": CANARY, "PW": "p@s/s:w", "HOST": "db:5432"})
    assert config.database.reveal() == "postgresql://u:p%40s%2Fs%3Aw@db:5432/syncd?sslpassword=abc"
    assert (
        str(config.database) == "postgresql://u:••••@db:5432/syncd?sslpassword=•••• (from env PW, env HOST)"
    )


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("sqlite:///syncd.db", "sqlite:///{folder}/syncd.db"),
        ("sqlite:///data/syncd.db?x=1", "sqlite:///{folder}/data/syncd.db?x=1"),
        ("sqlite:////var/lib/syncd.db", "sqlite:////var/lib/syncd.db"),
        ("postgresql://db/syncd", "postgresql://db/syncd"),
    ],
)
def test_a_sqlite_path_starts_at_the_configuration(tmp_path, url, expected):
    config = load_text(tmp_path, TEXT.replace("sqlite:///syncd.db", url))
    assert config.database.reveal() == expected.format(folder=tmp_path)


def test_other_databases_are_refused(tmp_path):
    assert faults_of(tmp_path, TEXT.replace("sqlite:///syncd.db", "mysql://db/x")) == [
        "syncd.yaml:2:11: database: must be a sqlite or postgresql URL, not mysql"
    ]


def test_no_secret_is_in_anything_that_can_be_shown(tmp_path):
    (tmp_path / "hr.sql").write_text(f"SELECT '{CANARY}-query'", encoding="utf-8")
    text = TEXT.replace("sqlite:///syncd.db", "postgresql://u:${env:LITMOS_API_KEY}@db/syncd").replace(
        "{type: csv, path: hr.csv}",
        '{type: sql, url: "mysql://u:${env:LITMOS_API_KEY}@db/x", query: "${file:hr.sql}"}',
    )
    config = load_text(tmp_path, text, environ={"LITMOS_API_KEY": CANARY})
    assert isinstance(config.sources[0], SqlSettings)
    assert config.sources[0].query.startswith("SELECT")
    everything = json.dumps([asdict(shown) for shown in config.redacted()]) + repr(config.redacted())
    for secret in (config.database, config.litmos, config.sources[0].url, config.litmos.api_key):
        everything += repr(secret) + str(secret) + f"{secret}"
    assert CANARY not in everything
    assert "••••" in repr(config.redacted())


@pytest.mark.parametrize(
    ("blanks", "expected"), [("[]", set()), ("none", {"none"}), ('["NULL", " - "]', {"NULL", "-"})]
)
def test_the_words_for_nothing_are_of_the_source_and_of_what_plans_depend_on(tmp_path, blanks, expected):
    config = load_text(tmp_path, TEXT.replace("path: hr.csv}", f"path: hr.csv, blanks: {blanks}}}"))
    assert config.mapping.blanks == expected
    assert config.digest != load_text(tmp_path, TEXT).digest


def test_the_digest_is_of_what_plans_depend_on(tmp_path):
    def digest(text: str, key: str = "a") -> str:
        return load_text(tmp_path, text, environ={"LITMOS_API_KEY": key}).digest

    assert digest(TEXT) == digest("# a comment\n" + TEXT, key="b")
    assert digest(TEXT) == digest(TEXT + "web: {port: 1}\n")
    assert digest(TEXT) != digest(TEXT + "push: {policy: sync}\n")
    assert digest(TEXT) != digest(TEXT.replace("first_name", "given_name"))
    assert len(digest(TEXT)) == 16
