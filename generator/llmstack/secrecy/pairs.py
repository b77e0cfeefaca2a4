"""How a name and its value stand side by side in a text: a script, JSON, YAML, XML, a configuration file."""

from __future__ import annotations

import re

_QUOTED = r"\"(?:\\.|[^\"\\\n])*\"|'[^'\n]*'"
_LINE = re.compile(r"[^\n]+")
_WORDS = re.compile(rf"(?!=)(?:{_QUOTED}|[^\s\"'\\]+|\\[ \t]?)+")
_MARKED = re.compile(rf"(?=[\"']|\S{{0,80}}\d){_WORDS.pattern}")
_ITEMS = re.compile(r"(?:[ \t]*-[ \t]+(?![\"']?[$<{\[])[^\n:]+(?:\n|\Z))+")
_TRIPLE = re.compile(r"\"{3}.{1,2000}?\"{3}|'{3}.{1,2000}?'{3}", re.DOTALL)
_TEXT = re.compile(_QUOTED)
_BLOCK = re.compile(r"(?:[ \t]+[^\n]*(?:\n|\Z))+")
_ELEMENT = re.compile(r"[^<>\n]+(?=</)|<!\[CDATA\[.{1,400}?\]\]>", re.DOTALL)
_REST_OF_LINE = re.compile(rf"({_WORDS.pattern})[^\n]*")
_TO_SEMICOLON = re.compile(r"([^\s;\"']+)[^;\n\"']*")
_SPREAD = re.compile(
    r"(\"(?:\\.|[^\"\\\n])*)\\?\n(?:\\[^\n]|[^\"\\]){0,2000}\"|('(?:[^'\n]|'')*)\n(?:[^']|''){0,2000}'"
    r"|([^\s\"'|>\[{&*!#][^\n]*)\n(?:[ \t]+[^\s:#-][^\n:]*(?:\n|\Z))+"
)
_UNDER = re.compile(r"(?:[ \t]+[^\s:#-][^\n:]*(?:\n|\Z))+")
"""Values that go on after their first word or line: the group, which alone says whether they are secrets. What `_UNDER`
finds begins on the line after its name."""
_KEYWORDS = r"(?:help|type|default|action|required|nargs|dest|metavar|choices|envvar)"
"""What stands after a flag where a script declares it (argparse, `add_argument`; click, `option`)."""
PAIRS = (
    (
        re.compile(
            r"\b(?:name|key|path)\\?[\"']?:[ \t]*[\"']?(?:[^\s\"',]{0,200}(?:/|~1))?(?P<name>[\w.-]{1,200})[\"']?"
            r"[ \t]*(?:,|\n)\s*(?:#[ \t]*)?[\"']?value[\"']?:[ \t]*"
        ),
        _LINE,
    ),
    (re.compile(r"(?<![\w./-])(?P<name>[\w./-]{1,200})\\?[\"']?[ \t]*:[ \t]*[|>][-+0-9]{0,2}[ \t]*\n"), _BLOCK),
    (re.compile(r"(?<![\w./-])(?P<name>[\w./-]{1,200})[\"']?[ \t]*:[ \t]*\n(?=[ \t]*-[ \t])"), _ITEMS),
    (re.compile(r"(?<![\w.-])(?P<name>[\w.-]{1,200})[\"']?[ \t]*[=:][ \t]*(?=\"{3}|'{3})"), _TRIPLE),
    (re.compile(r"(?<![\w./-])(?P<name>[\w./-]{1,200})\\{0,3}[\"']?(?: is| was)?[ \t]*:(?=[ \t\"'\\])[ \t]*"), _LINE),
    (
        re.compile(
            r"(?<![\w-])(?P<name>--?[A-Za-z][\w-]{1,200})(?:=|[\"']?[ \t]{0,20},?[ \t\n]{1,200})"
            rf"(?!--|(?<=[ \t\n]){_KEYWORDS}=)"
        ),
        _WORDS,
    ),
    (re.compile(r"(?<![\w.-])(?<!from-file=)(?P<name>[\w.-]{1,200})(?:\\?[\"']?\]?[ \t]*[:?+]?=>?)[ \t]*"), _WORDS),
    (
        re.compile(r"(?:(?<=\n)|\A)[ \t]*\? {1,9}[\"']?(?P<name>[\w.-]{1,200})[\"']?[ \t]*\n[ \t]*:[ \t]+"),
        _LINE,
    ),
    (re.compile(r"(?:(?<=\n)|\A)[ \t]*(?P<name>[\w.-]{1,200})[ \t]+=[ \t]*"), _REST_OF_LINE),
    (re.compile(r"(?:(?<=\n)|\A)[ \t]*(?P<name>\w[\w-]{0,100}\.[\w.-]{1,100})=[ \t]*"), _REST_OF_LINE),
    (
        re.compile(r"(?<![\w.-])(?P<name>[\w.-]{1,100})[ \t]?=[ \t]?(?=[^;\n\"'=]{1,400};[ \t]?[A-Za-z][\w ]{0,40}=)"),
        _TO_SEMICOLON,
    ),
    (re.compile(r"(?<=;)(?P<name>[\w.-]{1,100})=(?=[^\s;\"'=]{1,400}[ \t])"), _TO_SEMICOLON),
    (re.compile(r"(?:(?<=\n)|\A)[ \t-]*(?P<name>[\w./-]{1,200}):[ \t]+"), _SPREAD),
    (re.compile(r"(?:(?<=\n)|\A)(?P<indent>[ \t]*)(?P<name>[\w./-]{1,200}):[ \t]*\n(?=(?P=indent)[ \t])"), _UNDER),
    (re.compile(r"\$(?:http|arg|cookie)_(?P<name>\w{1,200})[ \t]{1,20}(?:=|!=|~\*?|!~\*?)[ \t]{1,20}"), _WORDS),
    (re.compile(r"<(?P<name>[\w.-]{1,100})>"), _ELEMENT),
    (re.compile(r"<(?:name|key)>\s{0,20}(?P<name>[\w.:-]{1,200})\s{0,20}</(?:name|key)>\s{0,40}<\w{1,20}>"), _ELEMENT),
    (re.compile(r"\b(?:name|key)=[\"'](?P<name>[\w.:-]{1,200})[\"'](?:\s[^<>\n]{0,100})?>"), _ELEMENT),
    (re.compile(r"<(?P<name>[\w.:-]{1,100})\s(?:[^<>\n]{0,100}\s)?value="), _TEXT),
    (re.compile(r"\b(?:name|key)=[\"'](?P<name>[\w.:-]{1,200})[\"']\s{1,20}value="), _TEXT),
    (
        re.compile(r"\bvariable[ \t]{1,9}\"(?P<name>[\w-]{1,100})\"\s{0,9}\{[^{}]{0,400}?\bdefault\s{0,40}=\s{0,9}"),
        _TEXT,
    ),
    (
        re.compile(
            r"(?i:\b(?:define|\w{0,30}(?:set|put|header))\w{0,30}|[.:](?:add|append))"
            r"\([ \t]{0,20}[\"'](?P<name>[\w.-]{1,200})[\"'],[ \t]{0,20}"
        ),
        _TEXT,
    ),
    (
        re.compile(
            r"(?i:\b(?:setx?|setenv|env|fastcgi_param|\w{0,20}header"
            r"|(?:modify|create)[ \t]\S{1,100}(?:[ \t]\S{1,100})?)(?:[ \t]-\w{1,5})?)"
            r"[ \t]{1,20}\$?(?P<name>[\w./:-]{1,200})[ \t]{1,20}"
        ),
        _MARKED,
    ),
)
"""A name with what stands between it and its value, and how far the value goes: of an entry of `env` or an operation
of a JSON patch, before a block of lines or a list, before three quotes, after a colon, after a flag, after an
equals sign, after one in the lines of an ini file, of Java's properties and in a connection string (ADO.NET), over
several lines of YAML, in a comparison of nginx, after the sign of a key (`? password`), in an element, beside one
that names it (Hadoop's and Apple's files) and in attributes of XML, of a variable of Terraform, in a call
(`define('DB_PASSWORD', 'x')`), after a word that sets it (`proxy_set_header X-Api-Key "x"`)."""
