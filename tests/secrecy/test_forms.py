"""Known forms of credentials are found wherever they stand, whole, and nothing like them is."""

from __future__ import annotations

import base64
import time

import pytest

from llmstack.secrecy.comments import comment_holds_secret
from llmstack.secrecy.credentials import MASK, argument_secrets, holds_secret, is_reference, is_secret
from llmstack.secrecy.files import find_lines, mask_file
from llmstack.secrecy.forms import has_form
from llmstack.secrecy.masking import mask, mask_text, mask_words
from llmstack.secrecy.vendors import FORMS

SAMPLES = {
    "a Hugging Face token": "hf_" + "a" * 34,
    "an API key": "sk-proj-" + "a" * 40,
    "a GitHub token": "github_pat_" + "A1" * 30,
    "a GitLab token": "glpat-" + "a1" * 10,
    "an NVIDIA NGC key": "nvapi-" + "Ab1" * 20,
    "a JWT": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.abcdefghij",
    "an age key": "AGE-SECRET-KEY-1" + "Q" * 58,
    "an AWS access key": "ASIA" + "A" * 16,
    "an Amazon Bedrock key": "ABSK" + "a1B2" * 30,
    "a Google key": "AIza" + "a1B" * 12,
    "an Azure key": "AccountKey=" + "a" * 86 + "==",
    "a signed URL": "X-Amz-Signature=" + "0a" * 32,
    "a SendGrid key": "SG." + "a" * 22 + "." + "b" * 43,
    "an npm token": "npm_" + "a" * 36,
    "a PyPI token": "pypi-AgEIcHlwaS5vcmc" + "a" * 40,
    "a Docker token": "dckr_pat_" + "a1" * 14,
    "a Groq key": "gsk_" + "a" * 52,
    "a Replicate token": "r8_" + "a" * 37,
    "a key of an inference service": "pplx-" + "a1" * 24,
    "a key of a shop": "shippo_live_" + "0a" * 20,
    "a Stripe key": "sk_live_" + "a" * 24,
    "a Databricks token": "dapi" + "a" * 32,
    "a Vault token": "hvs." + "a" * 90,
    "a Slack token": "xoxb-" + "1" * 12 + "-" + "a" * 24,
    "a webhook": "https://hooks.slack.com/services/T000/B000/" + "X" * 24,
    "a service's token": "dop_v1_" + "0a" * 32,
    "a key of a service around models": "lsv2_pt_" + "0a" * 16 + "_" + "0a" * 5,
    "a Telegram token": "110201543:AA" + "aB3" * 11,
    "a token of a developer's service": "dp.pt." + "aB3" * 14,
    "a Bitbucket token": "ATBB" + "aB3" * 11,
    "a key of a mail service": "key-" + "0a" * 16,
    "a key of a messenger": "MTA" + "aB3" * 7 + ".GaBcDe." + "aB3" * 12,
    "a Square token": "sq0csp-" + "aB3_" * 11,
    "a token of a build service": "CCIPAT_" + "aB3dE5fG7hJ" * 2 + "_" + "0a" * 20,
    "an access key of a cloud": "LTAI" + "aB3d" * 5,
    "a password's hash": "$2y$10$" + "aB3./" * 10 + "aB3",
    "a secret-token URI": "secret-token:" + "aB3" * 8,
}


def test_every_form_has_a_sample() -> None:
    assert set(SAMPLES) == set(FORMS)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("around", ["{}", "x {} y", '"{}"', "a={},b", "#{}", "/{}/"])
def test_a_form_is_found_and_masked_whole(form: str, around: str) -> None:
    text = around.format(SAMPLES[form])
    assert has_form(text)
    assert SAMPLES[form][-12:] not in mask_text(text)
    assert SAMPLES[form][-12:] not in mask_words(text)


@pytest.mark.parametrize(
    "text",
    [
        "sk-" + "a1" * 16, "sk-ant-api03-" + "aB3_" * 20, "sk-or-v1-" + "0a" * 32, "pcsk_" + "aB3" * 20, "tvly-dev-" + "aB3" * 11,
        "sk_" + "0a" * 24, "e2b_" + "0a" * 20, "jina_" + "0a" * 20, "pul-" + "0a" * 20, "NRAK-" + "A1B" * 9, "nfp_" + "aB3" * 12,
        "PMAK-" + "0a" * 12 + "-" + "0a" * 17, "sgp_" + "0a" * 20, "rubygems_" + "0a" * 24, "ntn_" + "aB3" * 15, "HRKU-" + "aB3" * 12,
        "aB3dE5fG7hJ9kL.atlasv1." + "aB3" * 21, "sk-lf-0a1b2c3d-1234-5678-9abc-0a1b2c3d4e5f", "dor_v1_" + "0a" * 32, "dose" + "0a" * 16,
        "ops_eyJ" + "aB3" * 60, "v1.0-" + "0a" * 12 + "-" + "0a" * 73, "sb_secret_" + "aB3" * 9, "sdk-0a1b2c3d-1234-5678-9abc-0a1b2c3d4e5f",
        "0a" * 16 + "-us21", "xkeysib-" + "0a" * 32, "re_" + "aB3d" * 2 + "_" + "aB3" * 8, "mlsn." + "0a" * 32, "SK" + "0a" * 16,
        "fw_" + "aB3" * 8, "rpa_" + "A1" * 20, "as-" + "aB" * 11, "NRII-" + "aB3d" * 8, "0a" * 18 + "NRAL", "figd_" + "aB3" * 14,
        "pat" + "aB" * 7 + "." + "0a" * 32, "secret_" + "aB3" * 15, "bkua_" + "0a" * 20, "cio" + "aB3d" * 8, "CLOJARS_" + "0a" * 30,
        "AKCp" + "aB3" * 21, "rnd_" + "aB3" * 10, "AKID" + "aB3d" * 8, "bot110201543:AA" + "aB3" * 11, "GR1348941" + "aB3d" * 5,
        "$apr1$aB3dE5fG$" + "aB3./" * 4 + "aB", "$6$rounds=5000$aB3dE5fG$" + "aB3./" * 17, "{SSHA}" + "aB3d" * 8,
        "$argon2id$v=19$m=65536,t=3,p=4$" + "aB3d" * 8 + "$" + "aB3d" * 8, "abc8Q~" + "aB3" * 11 + "a",
        "ACCA" + "Q2W3" * 4, "ABIA" + "Q2W3" * 4, "1//0" + "aB3_-" * 20, "AQ.Ab8R" + "aB3_-" * 9, "AGE-SECRET-KEY-PQ-1" + "Q" * 64, "AGE-PLUGIN-SE-1" + "QPZRY9" * 4,
        "tgp_v1_" + "aB3d_" * 8 + "abc", "pa-" + "aB3d_" * 8 + "abc", "flp_" + "aB3d" * 11, "secret_a_" + "0a" * 16 + "." + "aB3d" * 8, "sk-helicone-" + "-".join(["a1b2c3d"] * 4),
        "sk_" + "aB3d_" * 9, "s.aB3dE5fG7hJ9aB3dE5fG7hJ9", "xoxd-" + "aB3" * 20 + "%3D", "eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4Q0JDIn0.." + "aB3_" * 5 + "." + "aB3_" * 20 + "." + "aB3_" * 5,
        "aB3d" * 19 + "+ASt" + "aB3dE" + "A==", "aB3d" * 13 + "JQQJ99" + "aB3d" * 6, "aB3d" * 10 + "aBAzSeC" + "aB3dE", "aB3d" * 19 + "AZDO" + "aB3d",
        "xkeysib-" + "0a" * 32 + "-" + "aB3d" * 4, "0a" * 16 + "-0a1b2c3d-1a2b3c4d", "hcaik_" + "aB3d" * 14, "vcp_" + "aB3d" * 14, "napi_" + "aB3d" * 16, "pscale_oauth_" + "aB3d_" * 8,
        "st." + "0a" * 12 + "." + "0a" * 16 + "." + "0a" * 16, "sha256~" + "aB3_" * 10 + "abc", "API-" + "A1" * 13, "pat." + "aB" * 11 + "." + "0a" * 12 + "." + "aB3d" * 5, "sat." + "aB" * 11 + "." + "0a" * 12 + "." + "aB3d" * 5,
        "A3-A1B2C3-A1B2C3-A1B2C-A1B2C-A1B2C-A1B2C", "eyJrIjoi" + "aB3d" * 18, "api-0a1b2c3d-1234-5678-9abc-0a1b2c3d4e5f", "pnu_" + "aB3d" * 9, "sqp_" + "0a" * 20, "rdme_" + "a1" * 35,
        "tfp_" + "aB3d_" * 10, "dG9rOj" + "aB3d" * 12 + "=", "sk.eyJ" + "aB3d" * 20 + "." + "aB3d" * 6, "CFPAT-" + "aB3_-" * 8 + "abc", "aio_" + "aB3d" * 7, "fio-u-" + "aB3_-=" * 10 + "abcd", "ico-" + "aB3d" * 8,
        "access_token$production$" + "0a1b2c3d" * 2 + "$" + "0a" * 16, "EZAK" + "aB3d" * 13 + "ab", "FLWSECK-" + "0a" * 16 + "-X", "access-production-0a1b2c3d-1234-5678-9abc-0a1b2c3d4e5f", "live_" + "0a" * 17 + "0",
        "EAAG" + "aB3d" * 25, "amzn.mws.0a1b2c3d-1234-1234-1234-0a1b2c3d4e5f", "AQVN" + "aB3_" * 9, "t1.9eud" + "aB3_" * 9 + "." + "aB3_" * 21 + "ab",
        "llx-" + "aB3d" * 12, "SCRAM-SHA-256$4096:" + "aB3d" * 5 + "aw==$" + "aB3d" * 10 + "aB3=:" + "aB3d" * 10 + "aB3=",
        "hooks.zapier.com/hooks/catch/1234567/abcdefg/", "open.feishu.cn/open-apis/bot/v2/hook/0a1b2c3d-1234-1234-1234-0a1b2c3d4e5f", "qyapi.weixin.qq.com/cgi-bin/webhook/send?key=0a1b2c3d-1234-1234-1234-0a1b2c3d4e5f",
    ],
)  # fmt: skip
def test_other_spellings_of_a_form(text: str) -> None:
    assert has_form(f"x: {text}")
    assert mask_text(f"x {text} y") == "x (masked) y"


@pytest.mark.parametrize("form", FORMS)
def test_a_form_in_base64_is_found(form: str) -> None:
    assert has_form(base64.b64encode(f"{SAMPLES[form]}\n".encode()).decode())


@pytest.mark.parametrize(
    "text",
    [
        "mysql://u:hun@ter2@h/db", "postgres://u:hun/ter2@h/db", "redis://:hunter2@h:6379", "a,http://u:hunter2@h,b",
        "https://x0auth2hunter2@github.com/a", "https://h/?access_token=hunter2", "https://h/?a=b&api_key=hunter2",
        "Authorization: Basic hunter2dXNl", "curl -u user:hunter2 https://h", "mysql -phunter2 db", "prog --password hunter2",
        "export PGPASSWORD=hunter2; psql", '{"a": {"password": "hunter2"}}', '"{\\"password\\": \\"hunter2\\"}"',
        "password: hun'ter2", 'TOKEN=x"hunter2"y', "token: 'it''s hunter2'", "-----BEGIN EC PRIVATE KEY-----\nhunter2",
        "sshpass -p hunter2 ssh h", "clientSecret: hunter2", "requirepass=hunter2", "docker login -u a -p hunter2 r.io", "az login -p hunter2",
        "redis-cli -h r -a hunter2 ping", "mongosh -u a -p 'hunter2'", "ldapsearch -D cn=a -w hunter2", "openssl rsa -passin pass:hunter2",
        "kubectl create secret generic a --from-literal=b=hun --from-literal=c=ter2", "aws configure set aws_secret_access_key hunter2",
        "app:hunter2@tcp(db:3306)/x", "jdbc:oracle:thin:scott/hunter2@//h:1521/x", "//u:hunter2@host/share", "default login u password hunter2",
        '<add key="ApiKey" value="hunter2"/>', "define('DB_PASSWORD', 'hunter2');", ':password => "hunter2"', '? password\n: hunter2', 'a:\n  ? "db.password"\n  : hunter2\n', 'password: |\n  hun\n  ter2\nb: c',
        'proxy_set_header X-Api-Key "hunter2";', "- {key: x-api-key, value: hunter2}", '{"kty": "oct", "k": "hunter2hunter2"}',
        '[{"op": "add", "path": "/data/password", "value": "hunter2"}]', '{\\"kty\\":\\"RSA\\",\\"d\\":\\"hunter2hunter2\\"}',
        "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\nhunter2", "-----BEGIN OpenVPN Static key V1-----\nhunter2", "RWRTY0Iy" + "hunter2" * 12,
        "postgres://u:hun'ter2@h/db", "url: postgres://u:hun'ter2@h/db", '"postgres://u:hun\'ter2@h/db"', "DB=postgres://u:hun'ter2@h/db vllm serve",
        'postgres://u:hun"ter2@h/db', "postgres://u:hun ter2@h:5432/db?a=b", "postgres://u:hun<ter2@h",
        "passwords:\n- hunter2\n- hun\n", "a:\n  api_keys:\n    - 'hunter2'\n", 'password = """hun\nter2"""', "token: '''hunter2'''",
        "<property>\n<name>fs.s3a.secret.key</name>\n<value>hunter2</value>", "<key>apiToken</key>\n  <string>hunter2</string>", "h:add('x-api-key', 'hunter2')",
        f"wandb login hunter2{'a' * 33}", f"https://h/x?Signature=hunter2{'a' * 33}&Key-Pair-Id=K",
    ],
)  # fmt: skip
def test_a_mask_leaves_no_half(text: str) -> None:
    assert holds_secret(text)
    for part in ("hunter2", "hun", "ter2"):
        assert part not in mask_text(text)


@pytest.mark.parametrize(
    "text",
    [
        'postgres password="hun ter2"', "--api-key='hun ter2' --port 1", "PASSWORD='hun ter2' ./run", "export PASSWORD=hun\\ ter2 && x", "PASSWORD='hun'\"'\"'ter2' x",
        "curl --user 'u:hun ter2' h", "curl -u u:'hun ter2' h", "curl -u'u:hun ter2' h", "mysql -u root -p'hun ter2' db", "docker login -u a -p 'hun ter2' r.io", "sshpass -p'hun ter2' ssh h",
        "redis-cli -a 'hun ter2' ping", 'ldapsearch -w "hun ter2" -D x', "az login -u a -p 'hun<ter2>' -t x", "docker login -p hun\\ ter2 r.io", 'smbclient -U "u%hun ter2" //h/s', "lftp -u 'u,hun ter2' h",
        'requirepass "hun ter2"', "Server=h;User Id=sa;Password=hun ter2;Encrypt=true", "Server=h;User Id=sa;Password=hun ter2", "password = hun ter2", "a = 1\nspring.datasource.password=hun ter2\nb = 2",
        "host=h password=hun\\ ter2 dbname=d", "<password><![CDATA[hun<ter2]]></password>", 'psql "postgresql://u:hun ter2@h/db"', "psql 'postgresql://u:hun<ter2>@h/db' -c x",
        'password: "hun\\\n  ter2"', 'password: "hun\n  ter2"\nb: c', "password: 'hun\n\n  ter2'\nb: c", "password: hun\n  ter2\nb: c", "a:\n  password:\n    hun ter2\n  b: c", "- password: hun\n    ter2",
        'set $password "hun ter2";', 'if ($http_x_api_key != "hun ter2") { return 403; }',
    ],
)  # fmt: skip
def test_a_password_of_several_words_is_masked_whole(text: str) -> None:
    assert holds_secret(text)
    assert "hun" not in mask_text(text)
    assert "ter2" not in mask_text(text)


@pytest.mark.parametrize(
    ("words", "index"),
    [
        (["curl", "-u", "u:hun ter2", "h"], 2), (["mysql", "-phun ter2"], 1), (["redis-cli", "-a", "hun'ter 2"], 2),
        (["sshpass", "-p", 'hun "ter2"', "ssh"], 2), (["docker", "login", "-u", "a", "-p", "hun ter2"], 5),
    ],
)  # fmt: skip
def test_a_word_of_a_list_is_one_word_whatever_it_holds(words: list[str], index: int) -> None:
    assert [at for at, _ in argument_secrets(words)] == [index]


def test_what_kustomize_repeats_is_hidden_whole() -> None:
    for said in ("invalid literal source hun, ter2 hun, expected key=value", "literal sources [a=hun]ter2]: x"):
        assert "hun" not in mask_words(said)
        assert "ter2" not in mask_words(said)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("postgres://user:p%40ss@host/db", "postgres://(masked)@host/db"),
        ("postgres://user:p%40ss%40host/db", "postgres://(masked)%40host/db"),
        ("postgres://u%3Ahun@host", "postgres://(masked)@host"),
        ("redis://:%70%61@h", "redis://(masked)@h"),
        ("postgres%3A%2F%2Fuser%3Ap%40ss%40host%2Fdb", "postgres%3A%2F%2F(masked)%40host%2Fdb"),
        ("postgres%253A%252F%252Fuser%253Ahun%2540host", "postgres%253A%252F%252F(masked)%2540host"),
        ("https://h/?next=https%3A%2F%2Fu%3Ahun%40h&x=1", "https://h/?next=https%3A%2F%2F(masked)%40h&x=1"),
        ("https://h/?a=b%26password%3Dhunter2&c=d", "https://h/?a=b%26password%3D(masked)&c=d"),
        ("postgres://u:p%E9%40@h", "postgres://(masked)@h"),
        ("https://h/?next=a%253Fpassword%253Dhunter2", "https://h/?next=a%253Fpassword%253D(masked)"),
    ],
)
def test_percent_signs_hide_nothing(text: str, masked: str) -> None:
    assert holds_secret(text)
    assert mask_text(f"x {text} y") == f"x {masked} y"
    assert comment_holds_secret(f"# {text}")


@pytest.mark.parametrize(
    "text",
    [
        "https://host/a%40b", "https://host:8080/%40types%2Fnode", "https://h/?next=https%3A%2F%2Fh%3A8080%2Fx%40y", "50%25",
        "https://h/?to=a%40example.com", "%(levelname)s %Y%m%d%H", "https://h/?q=sum%28rate%28x%5B5m%5D%29%29", "a%20b%3Ac",
        "https%3A%2F%2Fuser%3A%24%28PASSWORD%29%40h", "https://h/?q=tokens%3D5", "%zz%4",
        "https://host:8080/x@y", "ssh://git@github.com/a", "https://proxy.example.com:3128", "oci://registry/x@sha256:abc",
        "docker run -u 1000:1000 x", "basic authentication", "Bearer token", "user@example.com", "sk-short", "hf_home",
        "HF_TOKEN=$(cat /x)", "export HF_TOKEN=$HF_TOKEN", "curl -H \"Authorization: Bearer $HF_TOKEN\" https://h/v1",
        "token = os.environ[\"HF_TOKEN\"]", "api_key=args.api_key", '{"token": null, "use_auth_token": false, "x": 1}',
        "{{ bos_token }} {{ message.content }}", "redis://$(USER):$(PASSWORD)@h", "token == 5", "--max-num-batched-tokens 8192",
        "git+https://github.com/vllm-project/vllm@v0.11.0", "password: {{ .password }}", "pypi.org npm_config_cache",
        "sk-learn-inference-server-prod-2", "redis-cli -a $REDIS_PASSWORD ping", "docker login -p \"$TOKEN\" r.io", "docker run -p 8000:80",
        "kubectl create configmap x --from-literal=mode=fast1", 'kubectl create secret generic x --from-literal=t="$T"', "openssl rsa -passin env:PW", "kubectl create secret generic x --from-literal=token=…", "docker login -p <TOKEN> r.io", "redis-cli -a ...",

        "kubectl create secret generic x --from-file=token=/dev/stdin", "proxy_set_header Authorization $http_authorization;", "set token limits",
        '{"kty": "RSA", "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78L", "e": "AQAB"}', '[{"op": "replace", "path": "/spec/replicas", "value": 3}]',
        "re_ranker_v2_large_model_2024", "secret_santa_2024_event_campaign_page", "as-built-drawings-of-2026-release-1", "vllm.v1.metrics.loggers.StatLoggerBase", "sk-hynix-memory-benchmark-pool", "auth: basic", "auth: oidc", "1234567890:abcdef",
        "['http://h:8080/x','a@example.com']", "{'a':'redis://cache:6379','b':'x@y'}", "http://h: see mail@example.com for more", "https://user:<password>@host", "redis://h:6379 user@host",
        "token = None if x else y", "api_key = args.api_key or None  # or the variable", "A=1;TOKEN=$TOKEN vllm serve", "token=$(cat x) run; A=1", "use_auth_token=None); b=2", "set $token $http_x;",
        "token:\n- a: b\n", "if token:\n    return 1", "secret:\n  name: x", "tokenizer:\n  some text", "curl -u $USER:$PASS h", "curl -u user h", "curl -u 'user:$PASS' h", "mysql -p\"$PW\" db", "mysql -p db", "redis-cli -a \"\" ping",
        "s.someJavaMethodCallOfAPod24", "pa-this-is-no-key-but-the-name-of-some-pool-42", "live_update", "API-SERVER", "registry/x@sha256:abc", "st.louis.example.com", "0a1b-2c3d",
        "tokens:\n- <bos>\n", "passwords:\n- $(A)\n- ${B}\n", "credentials:\n- name: a\n", "credentials: []\n- a", "--session-key x-user-id",
        "- serviceAccountToken: {path: t, audience: vault}", "token: {secretRef: {name: a, key: b}}", "auth: {jwt: {path: jwt}}",
        '{"provider": {"webhook": {"url": "https://a.example"}}}', "webhooks: [{name: a.b.c}]", "authorization: {credentials: {name: x, key: y}}",
        '"{\\"serviceAccountToken\\": {\\"audience\\": \\"vault\\"}}"', "accessTokenLifespan: 300", "cookie: {name: session, maxAge: 3600}",
        "checksum/secret: 0a1b2c3d", "db-secret-checksum: 0a1b2c3d", "token: str = Field(default='')", "<key>tokenizer</key><string>a</string>", "parser.add_argument('--token', help='a')", "click.option('--api-key', envvar='KEY', default=None)",
    ],
)  # fmt: skip
def test_what_only_looks_like_one(text: str) -> None:
    assert not holds_secret(text)
    assert mask_text(text) == text


@pytest.mark.parametrize(
    ("user", "is_token"),
    [
        ("abcdefgh12", True), ("abcdefg12", False), ("abcdefghijklmnop", True), ("abcdefghijklmno", False),
        ("$(TOKEN_OF_USER_12)", False), ("abcdefgh12:", False), ("abcdefgh12:x", True), ("abcdefgh12:$(PASSWORD)", False),
    ],
)  # fmt: skip
def test_a_name_alone_before_a_host_is_a_token_by_its_length_and_a_digit(user: str, is_token: bool) -> None:
    assert holds_secret(f"https://{user}@host/path") == is_token
    assert holds_secret(f"ssh://{user}@host/path") == (is_token and ":" in user), "a user's name logs in by a key"


def test_arguments() -> None:
    assert list(argument_secrets(["--api-key", "a", "b", "--port", "1"])) == [(1, "--api-key"), (2, "--api-key")]
    assert list(argument_secrets(["--api_key", "a", "b"])) == [(1, "--api-key"), (2, "--api-key")]
    assert list(argument_secrets(["--hf-token", "x", "org/model"])) == [(1, "--hf-token")]
    assert list(argument_secrets(["--API_KEY", "$(KEY)", "--hf_token=$(T)", "--tokenizer", "x"])) == []
    assert mask(["--api-key", "a", "b", "--hf-token=c"]) == ["--api-key", "(masked)", "(masked)", "--hf-token=(masked)"]


@pytest.mark.parametrize(
    ("comment", "holds"),
    [
        ("# hf_token: hf_" + "a" * 30, True), ("# password: hunter2", True), ("# export TOKEN=aB3dE6gH", True),
        ("# token: the name of the Secret", False), ("# password: <yours>", False), ("# api_key: YOUR-KEY-1", False),
        ("# the token 12345678 is no key", False), ("# redis://:password@host", True), ("# password: letmein", False),
        ("# password: LETMEIN", False), ("# password: Letmein", False), ("# password: letMein", True), ("# password: letme1", True),
        ("# password: letm1", False), ("# password: 'letme1'; # why", True), ("# password: letme1xxxx", False), ("# llmstack: ignore[x] a token", False),
        ("# secret: hf-token-v2", False), ("# pw: hunter2x", True),
        ('# {"apiKey": "hunter2"}', True), ("# " + base64.b64encode(b"password=hunter2hunter2").decode(), True), ("# secret: hf_token1", True), ("# token: hf-token-v2", True),
        ("# the password was kX9vQ2mT7b", True), ("# token kX9vQ2mT7b, revoked", True), ("# api key `kX9vQ2mT7b`", True), ("# token bucket2", False), ("# secret kX9vQ2mT7b-name", False),
        ("# the token is hf2token of the vault", False), ("# the old password was: hunter2", True), ("# the password is: see below", False), ('# password: "hun ter2"', True), ("# token: 'see page 12'", False),
        ('# password: "for llama v2"', False), ('# token: "of the 70b model"', False), ('# password: "a long sentence of team2"', False),
        ('# - name: HF_TOKEN\n#   value: hunter2x', True), ('# - name: PORT\n#   value: hunter2x', False), ('# - name: HF_TOKEN\n#   value: $(OTHER)', False),
        ('# - name: HF_TOKEN\n#   value: none', False), ('# - name: HF_TOKEN\n# is read from the vault', False),
    ],
)  # fmt: skip
def test_comments(comment: str, holds: bool) -> None:
    above, _, last = comment.rpartition("\n")
    assert comment_holds_secret(last, above) == holds
    assert bool(list(find_lines(f"a: b\n{comment}\n"))) == holds


def test_a_file_is_masked_line_by_line() -> None:
    text = (
        "a: 1 # token: hunter2\nenv:\n- name: HF_TOKEN\n  value: |\n    hunter2\n    hunter2\n- {name: X, value: plain}\n---\n"
        'kind: Secret\ndata: {x: "aHVudGVyMg=="}\nstringData:\n  y: >-\n    hunter2\n    more\n---\n'
        'text: "\\u0070assword: hunter2"\nname: &n hunter2\npassword: *n\n'
    )
    masked = mask_file(text)
    assert masked.count("\n") == text.count("\n")
    assert "hunter2" not in masked
    assert "aHVudG" not in masked
    assert "value: plain" in masked
    assert mask_file("kind: Secret\ndata:\n  a: hunter2\n :") == "kind: (masked)\ndata:\n  a: (masked)\n :"


@pytest.mark.parametrize(
    "unit",
    ["://a:b", "eyJaaaaaaaaa.", "-----BEGIN PRIVATE KEY-----", "mysql ", "token:", "token: {{ ", 'token=" ', "hf_", "a.a", "--a ", "%25", "%3A%2F%2Fa%3Ab%40",
     "bearer ", "-u ", "name: a\n", "x@", "{[", "token='", "AccountKey=", "sk-", "glpat-", "SG.", "discord.com/api/webhooks/1"],
)  # fmt: skip
def test_time_grows_with_the_text(unit: str) -> None:
    started = time.process_time()
    mask_text(unit * (200_000 // len(unit)))
    assert time.process_time() - started < 5


def test_what_is_no_value_is_no_secret() -> None:
    assert not is_secret("password", " \t ")
    assert not is_secret("api_token", 0)
    assert not is_secret("password", ["x"]), "each item is asked about"
    assert is_secret("password", 12345678)


def test_what_code_takes_from_elsewhere_is_no_secret() -> None:
    for text in ("token = load_token(path)", "api_token=os.environ['X']", '{"api_token": null, other: 1}'):
        assert mask_text(text) == text


def test_a_word_that_names_its_secret_itself_is_an_argument() -> None:
    assert list(argument_secrets(["HF_TOKEN=hunter2hunter"])) == [(0, "an argument")]


@pytest.mark.parametrize(
    ("value", "referred"),
    [
        ("$(A)", True), ("Bearer $(A)", True), ("$(A):$(B)@", True), ("{{ .token }}", True),
        ("", False), ("://", False), ("@", False), ("x$(A)", False),
    ],
)  # fmt: skip
def test_a_value_that_is_nothing_but_references(value: str, referred: bool) -> None:
    assert is_reference(value) is referred


def test_a_value_goes_to_the_quote_that_its_name_is_in() -> None:
    assert holds_secret('echo "password: yes, Zk9hunter2hunter"')
    assert not holds_secret('"password: yes"')
    assert not holds_secret('{"password": "$(X)", "a": "Zk9hunter2hunter"}')


@pytest.mark.parametrize("value", [True, False, None, ""])
def test_a_switch_and_nothing_are_no_secret(value: object) -> None:
    assert not is_secret("password", value)


@pytest.mark.parametrize(
    "text",
    [
        '{"password": null, "other": "hunter2x9"}',  # up to the next sign of JSON
        '{"password": $(TOKEN), "a": "b"}',
        '{"password": true}',
        "- 'password: null' and more",  # up to the quote that the name is in
        'echo "password: $(TOKEN)" > file',
        "password: null # a comment",
        "password: $(TOKEN) # why",
        "password: 'null' and more",  # in its own quotes
        'password: "" # none',
        'password: \\"\\"',
    ],
)
def test_what_follows_the_value_of_a_name_is_no_part_of_it(text: str) -> None:
    assert mask_text(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("password: nullify", f"password: {MASK}"),
        ('{"password": hunter2}', f'{{"password": {MASK}'),
        ("'password: hunter2' x", f"'password: {MASK}"),
        ("password: hunter2 # null", f"password: {MASK}"),
    ],
)
def test_the_value_of_a_name_is_masked_to_the_end_of_its_line(text: str, shown: str) -> None:
    assert mask_text(text) == shown
