"""What has the form of a credential, wherever it stands and whatever its name: the formats that vendors document.

Each form is anchored at a prefix of its own and bounded, so that a text is searched in time that grows with its length.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import chain

from llmstack.secrecy.encoded import LAYERS, decode_escapes, decode_parts
from llmstack.secrecy.logins import find_logins

FORMS: Mapping[str, str] = {
    # huggingface.co/docs/hub/security-tokens: `hf_`, organisation tokens `api_org_`
    "a Hugging Face token": r"(?:hf|api_org)_[A-Za-z0-9]{16,200}",
    # platform.openai.com, docs.anthropic.com, openrouter.ai, langfuse.com: `sk-`, `sk-ant-`, `sk-or-`, `sk-lf-`;
    # capitals, or a part longer than a word, tell it from a name such as `sk-learn-inference-server`
    "an API key": r"sk-(?=lf-[0-9a-f]{8}-|[\w-]{0,80}?(?:[A-Z]|[a-z0-9]{16}))[A-Za-z0-9_-]{20,400}",
    # docs.github.com, "GitHub's token formats"
    "a GitHub token": r"gh[pousr]_[A-Za-z0-9]{20,300}|github_pat_\w{20,300}",
    # docs.gitlab.com/security/tokens, "Token prefixes"
    "a GitLab token": r"(?:gl(?:pat|dt|rt|cbt|ptt|ft|imt|agent|soat|oas|ffct)-|GR1348941)[\w.-]{16,300}",
    # support.atlassian.com, "App passwords", "HTTP access tokens"
    "a Bitbucket token": r"AT(?:BB[A-Za-z0-9]{24,60}|[AC]TT3x[\w=-]{24,400})|BBDC-[A-Za-z0-9+/]{24,60}",
    # docs.nvidia.com/ngc: personal and service keys
    "an NVIDIA NGC key": r"nvapi-[\w-]{16,200}",
    # RFC 7519 (JWT): base64url of `{"…`, twice, and a signature
    "a JWT": r"eyJ[\w-]{8,8192}\.eyJ[\w-]{8,8192}\.[\w-]{0,8192}",
    # age-encryption.org/v1: Bech32 with the prefix AGE-SECRET-KEY-
    "an age key": r"AGE-SECRET-KEY-1[A-Z0-9]{10,100}",
    # docs.aws.amazon.com, IAM identifiers, "Unique identifiers"
    "an AWS access key": r"A(?:KIA|SIA)[A-Z0-9]{16}(?![A-Za-z0-9])",
    # docs.aws.amazon.com/bedrock, API keys
    "an Amazon Bedrock key": r"ABSK[A-Za-z0-9+/=]{60,400}",
    # cloud.google.com/docs/authentication: API keys, OAuth access tokens, client secrets
    "a Google key": r"AIza[\w-]{30,60}|ya29\.[\w.-]{20,2048}|GOCSPX-[\w-]{20,60}",
    # learn.microsoft.com, "Configure Azure Storage connection strings", "Create a service SAS";
    # client secrets of Entra ID
    "an Azure key": r"(?:AccountKey|SharedAccessKey|SharedAccessSignature)=[^\s;\"']{16,600}"
    r"|(?<=[?&])sig=[\w%+/=-]{20,200}|[\w~.-]{3}\dQ~[\w~.-]{31,40}",
    # docs.aws.amazon.com, "Authenticating requests: using query parameters"
    "a signed URL": r"X-(?:Amz|Goog)-Signature=[0-9a-fA-F]{32,1024}|(?<=[?&])Signature=[\w%~+/=-]{20,1024}",
    # docs.sendgrid.com, docs.npmjs.com, pypi.org/help/#apitoken, docs.docker.com/security/access-tokens
    "a SendGrid key": r"SG\.[\w-]{16,64}\.[\w-]{16,96}",
    # documentation.mailgun.com, mailchimp.com/developer, developers.brevo.com, resend.com/docs,
    # developers.mailersend.com
    "a key of a mail service": r"key-[0-9a-f]{32}(?!\w)|[0-9a-f]{32}-us\d{1,2}(?!\w)|xkeysib-[0-9a-f]{40,80}"
    r"|re_[A-Za-z0-9]{8}_[A-Za-z0-9]{20,40}|mlsn\.[0-9a-f]{48,80}",
    # twilio.com/docs/iam/api-keys, discord.com/developers/docs
    "a key of a messenger": r"SK[0-9a-f]{32}(?!\w)|[MNO][\w-]{23,27}\.[\w-]{6}\.[\w-]{27,60}",
    "an npm token": r"npm_[A-Za-z0-9]{30,100}",
    "a PyPI token": r"pypi-AgE[\w-]{16,400}",
    "a Docker token": r"dckr_(?:pat|oat)_[\w-]{20,100}",
    # console.groq.com, replicate.com/docs, docs.perplexity.ai, docs.x.ai, docs.together.ai,
    # docs.fireworks.ai, docs.runpod.io, docs.anyscale.com, cloud.baidu.com/doc/qianfan, modal.com/docs
    "a Groq key": r"gsk_[A-Za-z0-9]{20,200}",
    "a Replicate token": r"r8_[A-Za-z0-9]{30,100}",
    "a key of an inference service": r"(?:pplx|xai|tgp_v1|csk)[-_][A-Za-z0-9]{32,200}|fw_[A-Za-z0-9]{20,60}"
    r"|rpa_[A-Z0-9]{30,60}|esecret_[a-z0-9]{24,80}|bce-v3/ALTAK-\w{16,60}/[0-9a-f]{32,64}|as-[A-Za-z0-9]{22}(?![\w-])",
    # docs.stripe.com/keys and /webhooks, developer.squareup.com
    "a Square token": r"sq0(?:atp|csp)-[\w-]{22,80}|EAAA[\w-]{60}(?![\w-])",
    "a Stripe key": r"[sr]k_(?:live|test)_[A-Za-z0-9]{16,300}|whsec_[A-Za-z0-9]{16,100}",
    # docs.databricks.com/dev-tools/auth/pat, developer.hashicorp.com/vault/docs/concepts/tokens
    "a Databricks token": r"d(?:api|ose|kea)[0-9a-f]{32}(?:-\d)?",
    "a Vault token": r"hv[sbr]\.[\w-]{20,400}",
    # api.slack.com/authentication/token-types and /messaging/webhooks
    "a Slack token": r"xox[abeoprs]-[\w.-]{10,400}|xapp-\d-[\w-]{10,400}",
    "a webhook": r"hooks\.slack\.com/(?:services|workflows|triggers)/[\w/-]{8,300}"
    r"|(?:discord|discordapp)\.com/api/webhooks/\d{5,30}/[\w-]{8,200}|[\w-]{1,63}\.webhook\.office\.com/[\w@/-]{16,400}"
    r"|chat\.googleapis\.com/v1/spaces/[\w-]{1,64}/messages\?[^\s\"']{8,400}",
    # docs.digitalocean.com, tailscale.com/kb, grafana.com/docs, docs.sentry.io, developers.cloudflare.com,
    # developer.1password.com, docs.dynatrace.com, supabase.com/docs, launchdarkly.com/docs
    "a service's token": r"do[opr]_v1_[0-9a-f]{40,80}|tskey-[a-z]{3,20}-[\w-]{16,100}|gl(?:sa|c)_[\w=+/-]{24,400}"
    r"|sntry[su]_[\w=+/-]{24,400}|pscale_(?:tkn|pw)_[\w-]{24,100}|lin_api_\w{24,100}"
    r"|shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}|wandb_v1_\w{24,200}"
    r"|v1\.0-[0-9a-f]{24}-[0-9a-f]{100,200}|ops_eyJ[\w=-]{80,2000}|dt0[a-z]\d\d\.[A-Z0-9]{24}\.[A-Z0-9]{64}|sb(?:p_[0-9a-f]{40}|_secret_[\w-]{20,80})"
    r"|sdk-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    # docs.smith.langchain.com, docs.pinecone.io, jina.ai, docs.tavily.com, elevenlabs.io/docs, e2b.dev/docs
    "a key of a service around models": r"lsv2_(?:pt|sk)_\w{32,100}|pcsk_\w{40,120}|jina_\w{40,120}"
    r"|tvly-(?:dev-|prod-)?[A-Za-z0-9]{24,80}|sk_[0-9a-f]{48}|e2b_[0-9a-f]{40}",
    # core.telegram.org/bots/api, "Authorizing your bot"
    "a Telegram token": r"(?:bot)?\d{8,12}:AA[\w-]{33}",
    # docs.doppler.com, pulumi.com/docs, docs.newrelic.com, learning.postman.com, sourcegraph.com/docs,
    # docs.netlify.com, guides.rubygems.org, developers.notion.com, devcenter.heroku.com, developer.hashicorp.com (HCP)
    "a token of a developer's service": r"dp\.(?:pt|st|sa|ct|scim|audit)\.[A-Za-z0-9.]{40,80}|pul-[0-9a-f]{40}"
    r"|NRAK-[A-Z0-9]{27}|NR(?:II|RA|BR|SP|AA)-[\w-]{24,48}|[\w-]{32,36}NRAL(?!\w)|PMAK-[0-9a-f]{24}-[0-9a-f]{34}|sgp_(?:[0-9a-f]{16}_|local_)?[0-9a-f]{40}|nfp_\w{36,60}"
    r"|rubygems_[0-9a-f]{48}|ntn_[A-Za-z0-9]{40,60}|HRKU-[\w-]{36,80}|[A-Za-z0-9]{14}\.atlasv1\.[\w-]{60,80}"
    r"|figd_[\w-]{40,80}|pat[A-Za-z0-9]{14}\.[0-9a-f]{64}|pat-[a-z]{2}\d-[0-9a-f]{8}-[0-9a-f-]{27}|secret_[A-Za-z0-9]{43,60}"
    r"|phx_[A-Za-z0-9]{40,60}",
    # circleci.com/docs, buildkite.com/docs, crates.io, clojars.org, learn.microsoft.com/nuget, jfrog.com/help,
    # docs.docker.com/swarm, render.com/docs, fly.io/docs
    "a token of a build service": r"CCI(?:PAT|PRJ)_[A-Za-z0-9]{22}_[0-9a-f]{40}|bk[ua][at]_[0-9a-f]{40}"
    r"|cio(?=[a-z0-9]{0,30}[A-Z])[A-Za-z0-9]{32}(?!\w)"
    r"|CLOJARS_[0-9a-f]{60}|oy2[a-z0-9]{43}(?!\w)|AKCp[A-Za-z0-9]{60,80}|cmVmdGtu[A-Za-z0-9+/=]{50,100}|SWMTKN-1-[0-9a-z]{40,60}-[0-9a-z]{20,30}"
    r"|rnd_[A-Za-z0-9]{28,40}|fo1_[\w-]{40,60}|fm[12][ar]?_[A-Za-z0-9+/=]{80,2000}",
    # alibabacloud.com/help, cloud.tencent.com/document
    "an access key of a cloud": r"LTAI[A-Za-z0-9]{16,24}(?!\w)|AKID[A-Za-z0-9]{32}(?!\w)",
    # crypt(5); RFC 2307, 5.3: hashes of passwords, as htpasswd(1) writes them: they are guessed from
    "a password's hash": r"\$2[abxy]?\$\d\d\$[./A-Za-z0-9]{53}|\$(?:apr1|[1567y]|gy)\$[^$\s:]{1,64}\$"
    r"(?:[^$\s:]{1,64}\$)?[./A-Za-z0-9]{20,128}"
    r"|\$argon2(?:id|i|d)\$v=\d+\$[^\s\"']{20,300}|\{S{1,2}HA(?:256|512)?\}[A-Za-z0-9+/]{24,128}={0,2}",
    # RFC 8959
    "a secret-token URI": r"secret-token:[\w.~%+/=-]{12,400}",
}
"""Every form by what it is called in a message. The comment above each names where its vendor documents it."""

_LONG_FORMS = (
    # RFC 7468 and openssh/PROTOCOL.key: private keys in PEM; OpenVPN's and SSH2's (RFC 4716) likes; PuTTY's own format;
    # minisign(1)
    r"---- ?-?BEGIN (?:OpenVPN Static key|SSH2 ENCRYPTED PRIVATE KEY)"
    r"(?:(?!BEGIN ).){0,20000}?(?:---- ?-?END [\w ]{1,40}|\Z)"
    r"|RWRTY0Iy[A-Za-z0-9+/=]{60,400}"
    r"|-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
    r"(?:(?!-----BEGIN ).){0,20000}?(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|\Z)"
    r"|-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY"
    r"|PuTTY-User-Key-File-\d.{0,20000}"
)
_HEADERS = (
    # RFC 6750 and RFC 7617: what follows the scheme, told from prose by a digit or a sign in it
    r"(?i:(?<=\bbearer )|(?<=\bbasic ))(?=[A-Za-z._~+/=-]{0,200}[0-9=+/])[A-Za-z0-9._~+/=-]{8,8192}"
)
_FILES = (
    # ftp(1), "The .netrc file"; PostgreSQL, "The password file"
    r"(?<=machine )\s{0,20}[^\s]{1,200}\s{1,20}login\s{1,20}[^\s]{1,200}\s{1,20}password\s{1,20}(?!\$)[^\s]{1,200}"
    r"|(?<=default login )[^\s]{1,200}\s{1,20}password\s{1,20}(?!\$)[^\s]{1,200}"
    r"|(?:(?<=\n)|\A)[\w.*-]{1,200}:(?:543\d|\*):[\w*-]{1,100}:[\w*-]{1,100}:[^\s:]{1,200}"
)
_REPEATED = (
    # kustomize (api/kv) of `literals` without a name; go-yaml and libyaml of a value that begins with `*`
    r"(?<=literal sources \[)[^\]\n]{1,2000}|(?<=invalid literal source )[^\s,]{1,400}"
    r"|(?<=unknown anchor ')[^'\n]{1,400}|(?<=!!str `)(?=[^`\n]{0,400}\d)[^`\n]{6,400}"
    r"|(?<=undefined alias ')[^'\n]{1,400}"
)
"""What programs repeat of their input, where that may be a secret without a name."""
_FORMS = re.compile(
    "|".join([_LONG_FORMS, _REPEATED, rf"(?<![A-Za-z0-9])(?:{'|'.join(FORMS.values())})", _HEADERS, _FILES]), re.DOTALL
)
_HINT = re.compile(
    r"-----BEGIN|PuTTY|[a-z][a-z0-9]{0,7}_|sk-|gl[a-z]{2,5}-|nvapi-|eyJ|AGE-|A[KS]IA|ABSK|AIza|ya29|GOCSPX|Key=|Signature=|sig=|SG\.|pypi"
    r"|pplx|xai-|csk-|dapi|hv[sbr]\.|xox|xapp|hooks|webhook|chat\.goo|tskey|ATATT|(?i:bearer|basic)"
    r"|tvly-|\d:AA|dp\.|pul-|NRAK-|PMAK-|HRKU-|atlasv1|secret-token"
    r"|machine |default login|:543\d:|:\*:"
    r"|ATBB|BBDC-|GR1348|key-|-us\d|mlsn|xkeysib|SK[0-9a-f]|[MNO][\w-]{23,27}\.|EAAA|dose|dkea|sq0|v1\.0-|dt0|sdk-|NR[A-Z]{2}|\dQ~|pat|as-|cio|oy2|AKCp|cmVm"
    r"|literal source|!!str `|unknown anchor|undefined alias"
    r"|SWMTKN|LTAI|AKID|\$2|\$apr1|\$[1567y]\$|\$gy|\$argon|\{SS?HA|BEGIN|RWRT|bce-|CCI|CLOJ"
)
"""What every form begins with or holds: a text without it needs no search."""

_JWK = re.compile(r"\\?\"(?:d|k|p|q|dp|dq|qi)\\?\"\s{0,20}:\s{0,20}\\?\"([\w-]{6,8192})")
"""The private members of a key written as JSON (RFC 7518, 6)."""
_TOKEN = re.compile(r"[^\s\"'`<>]+")
_UNQUOTED = re.compile(
    r"(?<!['\w+.-])[A-Za-z][\w+.-]{0,30}://[^\s\"'`<>/@:]{0,200}:[^\s\"'`<>]{0,400}'[^\s\"`<>]{1,400}"
)
"""A URL outside of quotes with an apostrophe in its password, which needs no escape there (RFC 3986, 3.2.1)."""
_WHOLE = re.compile(
    r"\s{0,20}[A-Za-z][\w+.-]{0,30}://[^/\s:@?#]{0,200}:[^\n]{1,400}@[\w.-]{1,253}(?::\d{1,5})?(?:[/?][^\s@]{0,400})?\s{0,20}\Z"
)
"""A text that is one URL and nothing else, whatever its password holds."""
_PORT = re.compile(r"\d{1,5}(?:[/?#,\s]|\Z)")
_USER = re.compile(r"[^/\s:@?#]*")
_REFERRED = re.compile(r"(?:\$\(\w+\)|\$\{[^{}]+\}|\$\w+|\{\{.*?\}\}|<[^<>]*>|\(masked\)|\*+|%\w+%)\Z")


def find_forms(text: str, layers: int = LAYERS) -> Iterator[tuple[int, int]]:
    """Yield where something stands in `text` that has the form of a credential: begin and end, in order. `layers` are
    those of encodings that are looked into."""
    if len(text) < 9:
        return
    if _HINT.search(text):
        yield from (found.span() for found in _FORMS.finditer(text))
    if "kty" in text:
        yield from (found.span(1) for found in _JWK.finditer(text))
    yield from find_logins(text)
    if "@" in text and "//" in text:
        yield from _user_infos(text)
    if len(text) >= 24 and layers:
        yield from ((start, end) for start, end, inner in decode_parts(text) if _holds_form(inner, layers - 1))
    if layers:
        yield from decode_escapes(text, lambda inner: find_forms(inner, layers - 1))


@lru_cache(maxsize=1 << 12)
def has_form(text: str) -> bool:
    """Whether a text holds something of the form of a credential, a URL with a password included. Remembered: keys of
    maps are asked about as often as they come."""
    return next(find_forms(text), None) is not None


def _user_infos(text: str) -> Iterator[tuple[int, int]]:
    """Yield what stands before the last `@` of each URL in the text (RFC 3986, 3.2.1) where that is a credential.

    The last one, since passwords with an `@`, a `/` or a `#` in them are written unescaped too: all of it is hidden.
    """
    whole = _WHOLE.match(text)
    for token in chain(_TOKEN.finditer(text), _UNQUOTED.finditer(text), [whole] if whole else []):
        last = token[0].rfind("@")
        start = token[0].find("//")
        while 0 <= start < last:
            at = start + 2
            if _is_credential(token[0], at, last):
                yield token.start() + at, token.start() + last
                break
            start = token[0].find("//", at)


def _is_credential(token: str, at: int, last: int) -> bool:
    """Whether `user:password@`, or a token alone, stands in a URL at `at`; a user's name alone is none."""
    user = _USER.match(token, at)
    assert user is not None
    if token[user.end() : user.end() + 1] == ":":
        if _PORT.match(token, user.end() + 1):
            return False
        return user.end() + 1 < last and not _REFERRED.match(token[user.end() + 1 : last])
    alone = token[at:last]
    if user.end() != last or _REFERRED.match(alone) or token[:at].endswith("ssh://"):
        return False
    return len(alone) >= 16 or (len(alone) >= 10 and any(character.isdigit() for character in alone))


def _holds_form(inner: str, layers: int) -> bool:
    """Whether what is encoded holds a credential, or an encoded one."""
    return next(find_forms(inner, layers), None) is not None
