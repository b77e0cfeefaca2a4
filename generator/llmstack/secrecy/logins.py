"""Passwords that stand where a command, a statement or an address without a scheme has one: `mysql -phunter2`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

_LEFT_OPEN = r"(?:[$<({`…*%]|\.\.\.|(?i:your|change|xxx))"
"""How what people shall put in begins, or what a shell does."""
_WORD = r"(?:'[^'\n]{1,400}'|\"(?:\\.|[^\"\\\n]){1,400}\"|\\.|[^\s\"'\\]){1,400}"
"""A word as a shell reads it (POSIX, "Quoting"): quotes and escapes may begin and end in the middle of it."""
_GIVEN = rf"(?![\"']?(?:-|{_LEFT_OPEN})|\"\"|'')(?=[^\s\"']{{3}}|[\"'][^\n\"']{{3}})({_WORD}|[\"'][^\s\"']{{1,400}})"
_SHORT = r"(?:-\w+\s){0,5}-\w{0,9}"
_ON_ITS_LINE = r"[^\n|;&]{0,200}?"

_OPTIONS: Mapping[str, str] = {
    # docker-login(1) and its likes, crane(1), az(1), ansible-free command lines of registries
    r"(?:docker|podman|nerdctl|buildah|skopeo|oras|helm|oc|az|crane|regctl|cosign)\s[^\n|;&]{0,100}?\blogin": "-p",
    # redis-cli(1), `-a`
    r"(?:redis|valkey)-(?:cli|benchmark)": "-a",
    # mongosh, cqlsh, cypher-shell, twine(1), ncftpput(1)
    r"(?:mongo(?:sh|dump|restore|export|import)?|cqlsh|cypher-shell|twine|ncftp(?:put|get|ls))": "-p",
    # ldapsearch(1), `-w`
    r"ldap(?:search|add|modify|delete|passwd|whoami)": "-w",
    # sqlcmd and bcp of SQL Server; zip(1) and unzip(1)
    r"(?:sqlcmd|bcp|unzip|zip)": "-P",
    # openssl-enc(1), "the password to derive the key from"
    r"openssl enc": "-k",
}
"""The option that is followed by a password, by the commands that have it."""

_PLACES = (
    # curl(1) `--user` and `--proxy-user`; skopeo(1) `--src-creds`
    r"\s(?:-u|-U|--(?:proxy-)?user|--(?:src-|dest-)?creds)[ =]"
    rf"(?=[\"']?[^\s:\"'$/]{{1,100}}:(?!\d{{1,6}}\b)[\"']?(?![\s\"'$]))({_WORD}|[\"'][^\s\"']{{1,400}})",
    # curl(1): the option and its value in one word
    rf"\bcurl\s{_ON_ITS_LINE}(?<=\s)-[uU](?=[\"']?[^\s:\"'$/=-][^\s:\"'$/]{{0,100}}:[\"']?(?![\s\"'$]))({_WORD}|[\"'][^\s\"']{{1,400}})",
    # htpasswd(1), `-b`: after the file and the user, or with `-n` after the user
    rf"\bhtpasswd\s(?={_SHORT}b)(?={_SHORT}n)(?:-\w+\s){{1,5}}\S{{1,200}}\s{_GIVEN}",
    rf"\bhtpasswd\s(?={_SHORT}b)(?!{_SHORT}n)(?:-\w+\s){{1,5}}\S{{1,200}}\s\S{{1,200}}\s{_GIVEN}",
    # mysql(1), sshpass(1) and 7z(1): behind the option's own letter, or after it
    rf"\b(?:mysql|mysqldump|mysqladmin|mariadb)\b{_ON_ITS_LINE}\s-p[ ]?(?![\"']?[ $\d-]){_GIVEN}",
    rf"\bsshpass\s{_ON_ITS_LINE}(?<=\s)-p ?{_GIVEN}",
    rf"\b7z[arz]?\s{_ON_ITS_LINE}(?<=\s)-p{_GIVEN}",
    *(rf"\b{command}\s{_ON_ITS_LINE}(?<=\s){option}[ =]{_GIVEN}" for command, option in _OPTIONS.items()),
    # smbclient(1) `-U user%password`; lftp(1) `-u user,password`; sqlplus `user/password@service`
    rf"\bsmbclient\s{_ON_ITS_LINE}(?<=\s)(?:-U|--user)[ =][\"']?[^\s%\"']{{1,100}}%(?!\$)"
    rf"([^\n\"']{{1,200}}(?=[\"'])|{_WORD})",
    rf"\blftp\s{_ON_ITS_LINE}(?<=\s)-u [\"']?[^\s,\"']{{1,100}},(?!\$)([^\n\"']{{1,200}}(?=[\"'])|{_WORD})",
    r"\bsqlplus\s(?:-\w+\s)?[\w.-]{1,100}/(?!\$)([^\s@/\"']{1,200})@",
    # openssl-passphrase-options(1); wandb, vault(1) `login`; mc(1) `alias set`; docker login `--password-stdin`
    rf"(?<=-pass)(?:in|out)?[ =]pass:{_GIVEN}",
    r"\bwandb login (?:--relogin )?(\w{40,100})",
    r"\bvault login (?:-[\w=-]+ ){0,5}(?:token=)?(?=[\w.-]{0,200}\d)([\w.-]{8,200})(?![\w=])",
    rf"\bmc (?:alias set|config host add)\s\S{{1,100}}\s\S{{1,200}}\s\S{{1,200}}\s{_GIVEN}",
    rf"\b(?:echo|printf)\s(?:-n\s)?(?:[\"']?%s(?:\\n)?[\"']?\s)?{_GIVEN}[\"']?\s?\|[^\n]{{0,200}}\s--password-stdin",
    rf"\s--password-stdin\b[^\n]{{0,100}}?<<<\s?{_GIVEN}",
    # `kubectl create secret generic --from-literal`
    r"\bcreate secret generic\s[^\n|;&]{0,400}?--from-literal[ =]"
    rf"[\"']?[^\s=\"']{{1,100}}=(?![\"']?{_LEFT_OPEN})([^\n|;&]{{1,2000}})",
    # SQL: PostgreSQL, "CREATE ROLE"; MySQL, "CREATE USER"
    r"(?i:\b(?:create|alter)\s(?:user|role)\b[^;]{0,400}?\bpassword|\bidentified\s(?:with\s\w{1,60}\s)?by(?:\spassword)?)\s"
    r"{1,5}'(?!\$|<|\{\{)([^'\n]{1,400})'",
    # redis.conf, "SECURITY"; ACL SETUSER, `>password`
    r"(?:(?<=\n)|\A)[ \t]*(?:requirepass|masterauth)[ \t]{1,20}(?![\"']?[$<{])"
    r"(\"[^\"\n]{1,400}\"|'[^'\n]{1,400}'|[^\s\"']{1,400})",
    r"(?i:(?:\bsetuser|(?:(?<=\n)|\A)[ \t]*user)[ \t]\S{1,100}[ \t][^\n]{0,400}?)(?<=[ \t])>(?!\$)([^\s\"'>]{3,400})",
    # haproxy.cfg, "Userlists"; sentinel.conf; files with a name and a value on a line (Fluentd's), where the value
    # was drawn
    rf"\binsecure-password[ \t]{{1,20}}{_GIVEN}",
    rf"\bsentinel[ \t]auth-pass[ \t]\S{{1,100}}[ \t]{_GIVEN}",
    r"(?:(?<=\n)|\A)[ \t]+(?:password|passwd|api_?key|secret_?key|aws_sec_key|auth_token)[ \t]{1,20}"
    r"(?=[\w+/=.-]{0,400}\d)(?=[\w+/=.-]{0,400}[A-Za-z])([\w+/=.-]{6,400})(?=[ \t]*(?:\n|\Z))",
    # go-sql-driver/mysql, "DSN"; "Oracle JDBC Developer's Guide", thin-style URLs
    r"(?<![\w/:])[^\s:@/\"']{1,100}:([^\s@\"']{1,200})@(?:tcp6?|unix|udp)\(",
    r"\bjdbc:oracle:thin:[^\s/@\"']{1,100}/([^\s@\"']{1,200})@",
)
"""Commands, statements and addresses in which a password has its place; the group is the password."""
_LOGINS = "|".join(_PLACES)
_HINT = re.compile(
    r"\s(?:-[uUpPawk]|--(?:proxy-)?user|--(?:src-|dest-)?creds)|-pass|htpasswd|wandb|vault login|sqlplus"
    r"|mc (?:alias|config)|create secret"
    r"|@(?:tcp|unix|udp)|jdbc:oracle|requirepass|masterauth|auth-pass|(?:passwd|key|token)[ \t]"
    r"|(?i:password\s|identified\s|user\s)"
)
"""What each of them holds: a text without it needs no search, and most runs not the expression, which is long."""


def find_logins(text: str) -> Iterator[tuple[int, int]]:
    """Yield where the passwords stand that a command, a statement or an address without a scheme has: begin and end."""
    if _HINT.search(text):
        yield from (found.span(found.lastindex or 0) for found in re.finditer(_LOGINS, text))
