"""Passwords where a command, a statement or a program's own file has one, whatever they are called."""

from __future__ import annotations

import time

import pytest

from llmstack.secrecy.credentials import argument_secrets, holds_secret
from llmstack.secrecy.lines import line_may_hold_secret
from llmstack.secrecy.masking import mask_text, mask_words

PASSWORD = "Xk9vQ2mLr7tB"


@pytest.mark.parametrize(
    "text",
    [
        "curl --proxy-user a:{} https://h", "curl -U a:{} https://h", "skopeo copy --src-creds a:{} docker://x docker://y",
        "curl -ua:{} https://h", "curl -sS -Ua:{} https://h", "htpasswd -nb a {}", "htpasswd -nbB a {}", "htpasswd -n -b a {} > f", "htpasswd -b f a {}", "htpasswd -c -bB f a {}",
        "vault login {}", "vault login -no-print token={}", "crane auth login r.io -u a -p {}", "sshpass -p '{}' ssh a@b", "sshpass -p{} ssh a@b",
        "mc alias set x https://h ACCESS {}", "smbclient -U a%{} //h/s", "smbclient //h/s -U a%{}", "openssl enc -k {} -in a", "7z x -p{} a.7z",
        "unzip -P {} a.zip", "twine upload -u a -p {}", "lftp -u a,{} sftp://h", "ncftpput -u a -p {} h", "cypher-shell -u a -p {}", "sqlcmd -U a -P {}",
        "sqlplus a/{}@db", "echo '{}' | docker login -u a --password-stdin r.io", "docker login --password-stdin <<< '{}'",
        "CREATE USER a WITH LOGIN PASSWORD '{}';", "alter role a password '{}'", "IDENTIFIED WITH sha256_password BY '{}'", "GRANT ALL ON x TO a IDENTIFIED BY '{}'",
        "port 6379\nrequirepass {}\n", "masterauth \"{}\"", "user default on >{} ~* +@all", "ACL SETUSER a on >{} ~*",
        "rclone config create x s3 secret_access_key {}", "dvc remote modify x password {}", "npm config set //r.example.com/:_authToken {}",
        "setx HF_TOKEN {}", "set -x HF_TOKEN {}", "os.environ['HF_TOKEN'] = '{}'", 'environ["HF_TOKEN"]="{}"', "'password' => '{}'", "password ?= {}",
        "<Password value='{}'/>", "<entry key=\"db.password\">{}</entry>", '{{\\"password\\":\\"{}\\"}}', '"api_key" = "{}"',
        "def f(a: str, password: str = '{}')", "userlist u\n  user a insecure-password {}\n", "sentinel auth-pass mymaster {}\n",
        "<match>\n  @type es\n  password {}\n</match>", "<match>\n  aws_sec_key {}\n</match>", 'variable "db_password" {{\n  type = string\n  default = "{}"\n}}',
        "x-honeycomb-team={}", "authorization=Bearer {},x=y",
    ],
)  # fmt: skip
def test_a_password_is_found_and_masked_whole(text: str) -> None:
    text = text.format(PASSWORD)
    assert holds_secret(text)
    for part in (PASSWORD, PASSWORD[:6], PASSWORD[-6:]):
        assert part not in mask_text(text)


@pytest.mark.parametrize(
    "text",
    [
        "curl -U \"$PROXY\" https://h", "skopeo copy --src-creds \"$CREDS\" docker://x docker://y", "vault login -method=oidc",
        "sort -ua:b x", "curl -u$USER:$PW https://h", "htpasswd -n a", "htpasswd -c f a", "htpasswd -nb a \"$PW\"",
        "vault login -method=kubernetes role=vllm2", "sshpass -e ssh h", "ssh -p 2222 h", "openssl enc -kfile k -in a", "7z x -p", "unzip -d /out -P \"$PW\" a.zip",
        "unzip -P", "smbclient //h/s -U a", "smbclient //h/s -U a%$PW", "CREATE USER a WITH LOGIN;", "CREATE USER a WITH PASSWORD '$1'", "identified by its name",
        "user default on nopass ~* +@all", "ENV HF_HOME /data/hf", "set -x PATH /usr/local/bin2", "echo hello2 | docker load", "docker login --password-stdin r.io",
        "echo \"$TOKEN\" | docker login --password-stdin", "token: str | None = None", "def f(token: str, password: str = '') -> None:", "api_key: Optional[str] = None",
        "token: str = os.environ['X']", "password: string", "{{ $password := .Values.auth.password }}", "kubectl create secret generic x --from-file=token=./token",
        "kubectl create secret generic x --from-file=token=FILE", "<entry key=\"db.password\">${PASSWORD}</entry>", "headers['Authorization'] == expected2", "requirepass ${PASSWORD}",
        "user a insecure-password ${PASSWORD}", "sentinel auth-pass mymaster $PASSWORD", "<match>\n  password \"#{ENV['PASSWORD']}\"\n</match>", "  token is2 needed\n",
        'variable "db_password" {\n  type = string\n  sensitive = true\n}', 'variable "region" { default = "eu-west-1" }', "x-honeycomb-team=$(KEY)",
        'echo "no token: set HF_TOKEN"; exit 1', "echo 'API key: not set, see the README'", 'printf "Password: "; cat', "echo 'Token:' && read -r x",
    ],
)  # fmt: skip
def test_what_only_looks_like_one(text: str) -> None:
    assert not holds_secret(text)
    assert mask_text(text) == text


@pytest.mark.parametrize(
    "words",
    [
        "loading KV pairs: literal sources [{}]: invalid literal source {}, expected key=value",
        "MalformedYAMLError: yaml: unknown anchor '{}' referenced in File: x.yaml",
        "found undefined alias '{}'",
        "yaml: cannot decode !!str `{}` as a !!int",
    ],
)
def test_what_programs_repeat_of_a_secret_without_a_name_is_masked(words: str) -> None:
    shown = mask_words(words.replace("{}", PASSWORD))
    assert PASSWORD[:6] not in shown
    assert shown == words.replace("{}", "(masked)")


def test_a_login_in_a_list_of_words() -> None:
    assert list(argument_secrets(["unzip", "-P", PASSWORD, "a.zip"])) == [(2, "-P")]


@pytest.mark.parametrize(
    "unit", ["7z ", "sqlcmd -P", "create user ", "user a ", "echo a |", "mc alias set a ", "vault login -a ", "<a ", "key='a' ", "a['a']", "modify a "]
)  # fmt: skip
def test_time_grows_with_the_text(unit: str) -> None:
    started = time.process_time()
    mask_text(unit * (200_000 // len(unit)))
    assert time.process_time() - started < 5


def test_a_line_with_a_password_that_begins_like_an_alias_is_not_quoted() -> None:
    assert line_may_hold_secret(f"password: *{PASSWORD}")
    assert line_may_hold_secret(f'  "db_password" : *{PASSWORD}')
    assert not line_may_hold_secret("resources: *small")


def test_a_message_that_asks_for_a_password_hides_none_beside_it() -> None:
    assert holds_secret(f'echo "the password: {PASSWORD}"')
    assert holds_secret('echo "the password: correct horse battery"')
    assert holds_secret(f'"password": "{PASSWORD}"')
    assert holds_secret(f'"note": "password: \\"{PASSWORD}\\""')
    assert mask_text(f'"u" "md5{"0a" * 16}"') == '"u" "(masked)"'
