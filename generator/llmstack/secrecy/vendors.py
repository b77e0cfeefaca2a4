"""The formats of credentials that their vendors document: prefixes and what follows them.

Each form is anchored at a prefix of its own and bounded, so that a text is searched in time that grows with its length.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

FORMS: Mapping[str, str] = {
    # huggingface.co/docs/hub/security-tokens: `hf_`, organisation tokens `api_org_`
    "a Hugging Face token": r"(?:hf|api_org)_[A-Za-z0-9]{16,200}",
    # platform.openai.com, docs.anthropic.com, openrouter.ai, langfuse.com, docs.helicone.ai: `sk-`, `sk-ant-`, …;
    # capitals, or a part longer than a word, tell it from a name such as `sk-learn-inference-server`
    "an API key": r"sk-(?=lf-[0-9a-f]{8}-|helicone-(?:[a-z0-9]{7}-){3}|[\w-]{0,80}?(?:[A-Z]|[a-z0-9]{16}))"
    r"[A-Za-z0-9_-]{20,400}",
    # docs.github.com, "GitHub's token formats"
    "a GitHub token": r"gh[pousr]_[A-Za-z0-9]{20,300}|github_pat_\w{20,300}",
    # docs.gitlab.com/security/tokens, "Token prefixes"
    "a GitLab token": r"(?:gl(?:pat|dt|rt|cbt|ptt|ft|imt|agent|soat|oas|ffct)-|GR1348941)[\w.-]{16,300}",
    # support.atlassian.com, "App passwords", "HTTP access tokens"
    "a Bitbucket token": r"AT(?:BB[A-Za-z0-9]{24,60}|[AC]TT3x[\w=-]{24,400})|BBDC-[A-Za-z0-9+/]{24,60}",
    # docs.nvidia.com/ngc: personal and service keys
    "an NVIDIA NGC key": r"nvapi-[\w-]{16,200}",
    # RFC 7519 (JWT): base64url of `{"…`, twice, and a signature; RFC 7516 (JWE): five parts, the first of which is that
    "a JWT": r"eyJ[\w-]{8,8192}\.(?:eyJ[\w-]{8,8192}\.[\w-]{0,8192}|[\w-]{0,1024}(?:\.[\w-]{8,8192}){3})",
    # age-encryption.org/v1: Bech32 with the prefix AGE-SECRET-KEY-, also post-quantum; C2SP, "age-plugin": identities
    "an age key": r"AGE-(?:SECRET-KEY(?:-PQ)?|PLUGIN-[A-Z0-9-]{1,40})-1[A-Z0-9]{10,4000}",
    # docs.aws.amazon.com, IAM identifiers, "Unique identifiers"
    "an AWS access key": r"A(?:KIA|SIA|BIA|CCA)[A-Z0-9]{16}(?![A-Za-z0-9])",
    # docs.aws.amazon.com/bedrock, API keys
    "an Amazon Bedrock key": r"ABSK[A-Za-z0-9+/=]{60,400}",
    # cloud.google.com/docs/authentication: API keys, OAuth access and refresh tokens, client secrets
    "a Google key": r"AIza[\w-]{30,60}|ya29\.[\w.-]{20,2048}|GOCSPX-[\w-]{20,60}|1//0[\w-]{30,200}"
    r"|AQ\.Ab8[\w-]{30,200}",
    # learn.microsoft.com, "Configure Azure Storage connection strings", "Create a service SAS";
    # client secrets of Entra ID; github.com/microsoft/security-utilities: what keys that Azure draws have in them
    "an Azure key": r"(?:AccountKey|SharedAccessKey|SharedAccessSignature)=[^\s;\"']{16,600}"
    r"|(?<=[?&])sig=[\w%+/=-]{20,200}|[\w~.-]{3}\dQ~[\w~.-]{31,40}"
    r"|[A-Za-z0-9+/]{76}(?:APIM|ACDb|\+(?:ABa|AMC|ASt|AEh|ASb))[A-Za-z0-9+/]{5}[AQgw]=="
    r"|[A-Za-z0-9]{52}JQQJ99[A-Za-z0-9]{18,28}|[A-Za-z0-9]{42}Az(?:Se|Fu|Ca)[A-Za-z0-9+/=]{6,10}|[A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4}",
    # docs.aws.amazon.com, "Authenticating requests: using query parameters"
    "a signed URL": r"X-(?:Amz|Goog)-Signature=[0-9a-fA-F]{32,1024}|(?<=[?&])Signature=[\w%~+/=-]{20,1024}",
    # docs.sendgrid.com, docs.npmjs.com, pypi.org/help/#apitoken, docs.docker.com/security/access-tokens
    "a SendGrid key": r"SG\.[\w-]{16,64}\.[\w-]{16,96}",
    # documentation.mailgun.com, mailchimp.com/developer, developers.brevo.com, resend.com/docs,
    # developers.mailersend.com
    "a key of a mail service": r"key-[0-9a-f]{32}(?!\w)|[0-9a-f]{32}-us\d{1,2}(?!\w)"
    r"|xkeysib-[0-9a-f]{40,80}(?:-[A-Za-z0-9]{8,40})?|[0-9a-f]{32}-[0-9a-f]{8}-[0-9a-f]{8}(?!\w)"
    r"|re_[A-Za-z0-9]{8}_[A-Za-z0-9]{20,40}|mlsn\.[0-9a-f]{48,80}",
    # twilio.com/docs/iam/api-keys, discord.com/developers/docs
    "a key of a messenger": r"SK[0-9a-f]{32}(?!\w)|[MNO][\w-]{23,27}\.[\w-]{6}\.[\w-]{27,60}",
    "an npm token": r"npm_[A-Za-z0-9]{30,100}",
    "a PyPI token": r"pypi-AgE[\w-]{16,400}",
    "a Docker token": r"dckr_(?:pat|oat)_[\w-]{20,100}",
    # console.groq.com, replicate.com/docs, docs.perplexity.ai, docs.x.ai, docs.together.ai,
    # docs.fireworks.ai, docs.runpod.io, docs.anyscale.com, docs.voyageai.com, docs.friendli.ai, lambda.ai,
    # cloud.baidu.com/doc/qianfan, modal.com/docs
    "a Groq key": r"gsk_[A-Za-z0-9]{20,200}",
    "a Replicate token": r"r8_[A-Za-z0-9]{30,100}",
    "a key of an inference service": r"(?:pplx|xai|csk)[-_][A-Za-z0-9]{32,200}|tgp_v1_[\w-]{32,200}"
    r"|flp_[A-Za-z0-9]{40,60}|fw_[A-Za-z0-9]{20,60}"
    r"|rpa_[A-Z0-9]{30,60}|esecret_[A-Za-z0-9]{24,80}|bce-v3/ALTAK-\w{16,60}/[0-9a-f]{32,64}|as-[A-Za-z0-9]{22}(?![\w-])"
    r"|pa-(?=[\w-]{0,42}\d)(?=[\w-]{0,42}[A-Z])[\w-]{43}(?![\w-])|secret_[\w-]{1,60}_[0-9a-f]{32}\.[A-Za-z0-9]{32}",
    # docs.stripe.com/keys and /webhooks, developer.squareup.com, developer.paypal.com/braintree, docs.easypost.com,
    # docs.goshippo.com, developer.flutterwave.com, plaid.com/docs, docs.lob.com, developers.facebook.com, Amazon MWS
    "a Square token": r"sq0(?:atp|csp)-[\w-]{22,80}|EAAA[\w-]{60}(?![\w-])",
    "a key of a shop": r"access_token\$production\$[0-9a-z]{16}\$[0-9a-f]{32}|EZ[AT]K[A-Za-z0-9]{54}"
    r"|shippo_(?:live|test)_[0-9a-f]{40}"
    r"|FLWSECK(?:_TEST)?-[0-9a-zA-Z]{32}-X|access-(?:sandbox|development|production)-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    r"|(?:live|test)_[0-9a-f]{35}(?!\w)|EAA[A-Z][A-Za-z0-9]{90,300}|amzn\.mws\.[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    "a Stripe key": r"[sr]k_(?:live|test)_[A-Za-z0-9]{16,300}|whsec_[A-Za-z0-9]{16,100}",
    # docs.databricks.com/dev-tools/auth/pat, developer.hashicorp.com/vault/docs/concepts/tokens: `s.` up to Vault 1.9
    "a Databricks token": r"d(?:api|ose|kea)[0-9a-f]{32}(?:-\d)?",
    "a Vault token": r"hv[sbr]\.[\w-]{20,400}|s\.(?=[A-Za-z]{0,23}\d)(?=[a-z0-9]{0,23}[A-Z])[A-Za-z0-9]{24}(?![\w.-])",
    # api.slack.com/authentication/token-types and /messaging/webhooks, zapier.com,
    # open.feishu.cn, developer.work.weixin.qq.com
    "a Slack token": r"xox[abdeoprs]-[\w.%-]{10,400}|xapp-\d-[\w-]{10,400}",
    "a webhook": r"hooks\.slack\.com/(?:services|workflows|triggers)/[\w/-]{8,300}"
    r"|(?:discord|discordapp)\.com/api/webhooks/\d{5,30}/[\w-]{8,200}|[\w-]{1,63}\.webhook\.office\.com/[\w@/-]{16,400}"
    r"|chat\.googleapis\.com/v1/spaces/[\w-]{1,64}/messages\?[^\s\"']{8,400}"
    r"|hooks\.zapier\.com/hooks/catch/[\w/-]{8,200}|open\.(?:feishu\.cn|larksuite\.com)/open-apis/bot/v\d/hook/[\w-]{16,100}"
    r"|qyapi\.weixin\.qq\.com/cgi-bin/webhook/send\?key=[\w-]{16,100}",
    # docs.digitalocean.com, tailscale.com/kb, grafana.com/docs, docs.sentry.io, developers.cloudflare.com,
    # developer.1password.com, docs.dynatrace.com, supabase.com/docs, launchdarkly.com/docs, docs.honeycomb.io,
    # vercel.com/docs, neon.com/docs, infisical.com/docs, docs.openshift.com, octopus.com/docs, developer.harness.io
    "a service's token": r"do[opr]_v1_[0-9a-f]{40,80}|tskey-[a-z]{3,20}-[\w-]{16,100}|gl(?:sa|c)_[\w=+/-]{24,400}"
    r"|eyJrIjoi[A-Za-z0-9]{60,400}={0,3}"
    r"|sntry[su]_[\w=+/-]{24,400}|pscale_(?:tkn|pw|oauth)_[\w-]{24,100}|lin_api_\w{24,100}"
    r"|shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}|wandb_v1_\w{24,200}"
    r"|v1\.0-[0-9a-f]{24}-[0-9a-f]{100,200}|ops_eyJ[\w=-]{80,2000}|dt0[a-z]\d\d\.[A-Z0-9]{24}\.[A-Z0-9]{64}|sb(?:p_[0-9a-f]{40}|_secret_[\w-]{20,80})"
    r"|(?:sdk|api)-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|hc[abc][il]k_[A-Za-z0-9]{50,80}|vc[aikpr]_[A-Za-z0-9]{24,80}"
    r"|napi_[A-Za-z0-9]{48,80}|st\.[0-9a-f-]{24,36}\.[0-9a-f]{32}\.[0-9a-f]{32}|sha256~[\w-]{43}|API-[A-Z0-9]{26}(?!\w)"
    r"|[ps]at\.[\w-]{22}\.[0-9a-f]{24}\.[A-Za-z0-9]{20}|A3-[A-Z0-9]{6}-[A-Z0-9-]{11,13}(?:-[A-Z0-9]{5}){3}",
    # docs.smith.langchain.com, docs.pinecone.io, jina.ai, docs.tavily.com, elevenlabs.io/docs, e2b.dev/docs,
    # docs.cloud.llamaindex.ai
    "a key of a service around models": r"llx-[A-Za-z0-9]{40,80}"
    r"|lsv2_(?:pt|sk)_\w{32,100}|pcsk_\w{40,120}|jina_\w{40,120}"
    r"|tvly-(?:dev-|prod-)?[A-Za-z0-9]{24,80}|sk_(?=[\w-]{0,42}\d)(?=[\w-]{0,42}[A-Z])[A-Za-z0-9_-]{40,60}|sk_[0-9a-f]{48}|e2b_[0-9a-f]{40}",
    # core.telegram.org/bots/api, "Authorizing your bot"
    "a Telegram token": r"(?:bot)?\d{8,12}:AA[\w-]{33}",
    # docs.doppler.com, pulumi.com/docs, docs.newrelic.com, learning.postman.com, sourcegraph.com/docs,
    # docs.netlify.com, guides.rubygems.org, developers.notion.com, devcenter.heroku.com, developer.hashicorp.com (HCP),
    # docs.prefect.io, docs.sonarsource.com, docs.readme.com, typeform.com/developers, developers.intercom.com,
    # docs.mapbox.com, contentful.com/developers, io.adafruit.com, developer.frame.io, infracost.io/docs
    "a token of a developer's service": r"dp\.(?:pt|st|sa|ct|scim|audit)\.[A-Za-z0-9.]{40,80}|pul-[0-9a-f]{40}"
    r"|NRAK-[A-Z0-9]{27}|NR(?:II|RA|BR|SP|AA)-[\w-]{24,48}|[\w-]{32,36}NRAL(?!\w)|PMAK-[0-9a-f]{24}-[0-9a-f]{34}|sgp_(?:[0-9a-f]{16}_|local_)?[0-9a-f]{40}|nfp_\w{36,60}"
    r"|rubygems_[0-9a-f]{48}|ntn_[A-Za-z0-9]{40,60}|HRKU-[\w-]{36,80}|[A-Za-z0-9]{14}\.atlasv1\.[\w-]{60,80}"
    r"|figd_[\w-]{40,80}|pat[A-Za-z0-9]{14}\.[0-9a-f]{64}|pat-[a-z]{2}\d-[0-9a-f]{8}-[0-9a-f-]{27}|secret_[A-Za-z0-9]{43,60}"
    r"|phx_[A-Za-z0-9]{40,60}|pn[ub]_[A-Za-z0-9]{36}|sq[apu]_[0-9a-f]{40}|rdme_[a-z0-9]{70}|tfp_[\w.-]{40,80}|dG9rOj[A-Za-z0-9+/=]{40,100}"
    r"|sk\.eyJ[\w-]{40,400}\.[\w-]{20,100}|CFPAT-[\w-]{43}|aio_[A-Za-z0-9]{28}|fio-u-[\w=-]{64}|ico-[A-Za-z0-9]{32}(?!\w)",
    # circleci.com/docs, buildkite.com/docs, crates.io, clojars.org, learn.microsoft.com/nuget, jfrog.com/help,
    # docs.docker.com/swarm, render.com/docs, fly.io/docs
    "a token of a build service": r"CCI(?:PAT|PRJ)_[A-Za-z0-9]{22}_[0-9a-f]{40}|bk[ua][at]_[0-9a-f]{40}"
    r"|cio(?=[a-z0-9]{0,30}[A-Z])[A-Za-z0-9]{32}(?!\w)"
    r"|CLOJARS_[0-9a-f]{60}|oy2[a-z0-9]{43}(?!\w)|AKCp[A-Za-z0-9]{60,80}|cmVmdGtu[A-Za-z0-9+/=]{50,100}|SWMTKN-1-[0-9a-z]{40,60}-[0-9a-z]{20,30}"
    r"|rnd_[A-Za-z0-9]{28,40}|fo1_[\w-]{40,60}|fm[12][ar]?_[A-Za-z0-9+/=]{80,2000}",
    # alibabacloud.com/help, cloud.tencent.com/document, yandex.cloud/docs/iam
    "an access key of a cloud": r"LTAI[A-Za-z0-9]{16,24}(?!\w)|AKID[A-Za-z0-9]{32}(?!\w)|AQVN[\w-]{35,60}"
    r"|t1\.[\w-]{1,300}={0,2}\.[\w-]{86}={0,2}",
    # crypt(5); RFC 2307, 5.3: hashes of passwords, as htpasswd(1) writes them: they are guessed from;
    # PostgreSQL, "pg_authid"
    "a password's hash": r"\$2[abxy]?\$\d\d\$[./A-Za-z0-9]{53}|\$(?:apr1|[1567y]|gy)\$[^$\s:]{1,64}\$"
    r"(?:[^$\s:]{1,64}\$)?[./A-Za-z0-9]{20,128}"
    r"|SCRAM-SHA-256\$\d{1,9}:[A-Za-z0-9+/]{16,100}={0,2}\$[A-Za-z0-9+/]{43}=:[A-Za-z0-9+/]{43}="
    r"|(?<=\" \")md5[0-9a-f]{32}(?=\")"
    r"|\$argon2(?:id|i|d)\$v=\d+\$[^\s\"']{20,300}|\{S{1,2}HA(?:256|512)?\}[A-Za-z0-9+/]{24,128}={0,2}",
    # RFC 8959
    "a secret-token URI": r"secret-token:[\w.~%+/=-]{12,400}",
}
"""Every form by what it is called in a message. The comment above each names where its vendor documents it."""

HINT = re.compile(
    r"-----BEGIN|PuTTY|[a-z][a-z0-9]{0,7}_|sk-|gl[a-z]{2,5}-|nvapi-|eyJ|AGE-|A(?:[KSB]IA|CCA)|ABSK|AIza|ya29|GOCSPX|Key=|Signature=|sig=|SG\.|pypi"
    r"|pplx|xai-|csk-|dapi|hv[sbr]\.|xox|xapp|hooks|webhook|chat\.goo|tskey|ATATT|(?i:bearer|basic)"
    r"|llx-|SCRAM-|\" \"md5|tvly-|\d:AA|dp\.|pul-|NRAK-|PMAK-|HRKU-|atlasv1|secret-token"
    r"|machine |default login|:543\d:|:\*:"
    r"|ATBB|BBDC-|GR1348|key-|-us\d|[0-9a-f]{32}-[0-9a-f]{8}-|mlsn|xkeysib|SK[0-9a-f]|[MNO][\w-]{23,27}\.|EAAA|dose|dkea|sq0|v1\.0-|dt0|sdk-|api-|NR[A-Z]{2}|\dQ~|pat|as-|pa-|cio|oy2|AKCp|cmVm"
    r"|1//0|AQ\.|APIM|ACDb|\+A[BMSE]|JQQJ99|Az(?:Se|Fu|Ca)|AZDO|\bs\.[A-Za-z0-9]{24}|\bst\.[0-9a-f]{8}|sha256~|API-|sat\.|A3-|dG9r|sk\.eyJ|CFPAT|fio-|ico-"
    r"|EZ[AT]K|FLWS|access-|EAA|amzn|AQVN|t1\.|feishu|larksuite|weixin"
    r"|literal source|!!str `|unknown anchor|undefined alias"
    r"|SWMTKN|LTAI|AKID|\$2|\$apr1|\$[1567y]\$|\$gy|\$argon|\{SS?HA|BEGIN|RWRT|bce-|CCI|CLOJ"
)
"""What every form begins with or holds: a text without it needs no search."""
