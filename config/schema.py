"""What may stand in the YAML files: the models behind the loader's messages and the editors' JSON Schemas.

Unknown keys are errors, types are strict (no "30" for 30). The examples are what messages offer to write instead,
the texts under the fields are what editors show.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo
from pydantic_core import PydanticCustomError

from config.languages import KNOWN_LANGUAGES, nearest_language
from config.problem import JOINERS
from secondsource.contracts import bounds

Transport = Literal["inline", "kafka"]
DATABASES = "sqlite:///secondsource.sqlite or postgresql+psycopg://host/name"
REPLAY = "replay"  #: what a watch may name beside the collectors there are


def wrong(what: str, write: str = "") -> PydanticCustomError:
    """An error of our own, which knows what to write instead ("" for the field's example)."""
    return PydanticCustomError("ours", "{what}", {"what": what, "write": write})


class Model(BaseModel):
    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, use_attribute_docstrings=True, allow_inf_nan=False
    )


# --- texts -----------------------------------------------------------------------------------------------------------


def _hashtag(text: str) -> str:
    bare = text.lstrip("#＃")
    if bare != text:
        raise wrong("hashtags stand without #", _as_item(bare))
    if re.search(r"\s", text):
        raise wrong(
            "a hashtag has no spaces", _as_item(re.sub(r"\s+", "_", text.strip())) + ", or a phrase under phrases:"
        )
    if text.isdigit() or not any(map(str.isalnum, text)) or not all(map(_in_hashtag, text)):
        raise wrong("a hashtag is letters, digits and _, and not digits alone", "Aleppo")
    return text


def _in_hashtag(character: str) -> bool:
    return character.isalnum() or character in "_\u200c\u200d" or unicodedata.category(character).startswith("M")


def _term(text: str) -> str:
    unseen = [sign for sign in text if unicodedata.category(sign) == "Cf" and sign not in JOINERS]
    if unseen:
        bare = "".join(sign for sign in text if sign not in unseen).strip()
        what = f"U+{ord(unseen[0]):04X} stands in it, which nobody sees and which parts a word"
        raise wrong(what, _as_item(bare) + " typed anew")
    if text != text.strip() or not text.strip():
        raise wrong("a blank stands at an end, or there is nothing else", _as_item(text.strip() or "ceasefire"))
    if text.startswith(("#", "@")):
        raise wrong(
            f"{text[0]} does not belong to a word", _as_item(text[1:]) + " here, or under hashtags: or accounts:"
        )
    if not any(character.isalnum() for character in text):
        raise wrong("no letter or digit in it, so no post would match", "a word")
    return text


def _handle(text: str) -> str:
    if text.startswith("@"):
        raise wrong("accounts stand without @", text.lstrip("@"))
    if not re.fullmatch(r"[\w.@:-]+", text):
        raise wrong("a handle has no spaces and none of the signs in this one", "velgrad_port")
    return text


def _language(code: str) -> str:
    if code not in KNOWN_LANGUAGES:
        near = nearest_language(code)
        raise wrong("not a language code we know", near or "a code of two or three letters, like en or ar")
    return code


def _collector(name: str, info: ValidationInfo) -> str:
    known = (info.context or {}).get("collectors", ())
    if name not in known:
        raise wrong("not a collector we have", " or ".join(known))
    return name


def _watch_name(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9](?:[a-z0-9-]{0,62})", text):
        raise wrong(
            "a name is small letters, digits and -, at most 63, because it stands in addresses", _slug(text) or "aleppo"
        )
    return text


def _place_name(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9](?:[a-z0-9-]{0,62})", text):
        raise wrong("a name is small letters, digits and -, at most 63", _slug(text) or "desk")
    return text


def _destination(text: str) -> str:
    kind, _, name = text.partition(":")
    if kind == "slack":
        raise wrong("a Slack channel has a key of its own", f"slack_channel: {name or 'C0123456789'}")
    if kind not in {"webhook", "email"} or not re.fullmatch(r"[a-z0-9](?:[a-z0-9-]{0,62})", name):
        meant = "webhook" if kind.lower() in {"webhook", "hook"} else "email" if "mail" in kind.lower() else ""
        near = f"{meant}:{_slug(name)}" if meant and _slug(name) else ""
        raise wrong("neither webhook:NAME nor email:NAME, as notify: in secondsource.yaml names them", near)
    return text


def _address(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?", text):
        raise wrong("not an e-mail address (without a name, in letters of ASCII)")
    return text


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:63]


def _channel(text: str) -> str:
    if not re.fullmatch(r"[CG][A-Z0-9]{6,20}", text):
        what = (
            "a Slack channel is named by its id, because Slack updates a message (chat.update) by id only; "
            "the id stands at the end of the channel's About page"
        )
        raise wrong(what, "C0123456789")
    return text


def _variable(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,99}", text):
        raise wrong("not the name of an environment variable (the value itself never stands in this file)")
    return text


def names_a_host(url: str) -> bool:
    """Whether there is a host in an address, and no port that there is not."""
    try:
        parts = urlsplit(url)
        return any(map(str.isalnum, parts.hostname or "")) and parts.port != 0
    except ValueError:
        return False


def with_a_host(url: str) -> str:
    if not names_a_host(url):
        raise wrong("no host can be read from it, or no port has its number")
    return url


def _host(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9.:%_-]+", text) or not any(map(str.isalnum, text)):
        raise wrong("neither a host's name nor an address of it; a port has a key of its own")
    if re.fullmatch(r"[\d.]+", text):
        try:
            ipaddress.ip_address(text)
        except ValueError:
            raise wrong("not an address of four numbers up to 255") from None
    return text


def _base_url(text: str) -> str:
    if not re.fullmatch(r"https?://[^\s/@]+(?:/[^\s]*)?", text):
        raise wrong("not an http(s) address, or one with a user in it")
    return with_a_host(text)


def _link(text: str) -> str:
    unknown = re.findall(r"\{(?!(?:watch|rule)\})[^}]*\}?", text)
    if unknown:
        raise wrong(f"{unknown[0][:20]} stands for nothing", "{watch} or {rule}")
    return _base_url(text)


def is_database(url: str) -> bool:
    return re.match(r"sqlite:///|postgres(ql)?(\+psycopg)?://", url) is not None


def _database(text: str) -> str:
    if not is_database(text):
        raise wrong("neither SQLite nor PostgreSQL", DATABASES)
    return text


def _as_item(text: str) -> str:
    return text or "a word"


def _resolved(value: object, info: ValidationInfo) -> object:
    """A path, relative to the configuration's folder."""
    if not isinstance(value, str):
        raise PydanticCustomError("string_type", "a path")
    if not value.strip():
        raise wrong("no path in it")
    folder = (info.context or {}).get("folder", Path())
    return Path(folder, value)


def _media_place(value: object, info: ValidationInfo) -> object:
    """A folder, relative to the configuration's, or a bucket."""
    if isinstance(value, str) and "://" in value:
        if not re.fullmatch(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](?:/[^\s?#]*)?", value):
            raise wrong("neither a folder nor a bucket", "s3://bucket/prefix")
        return value
    return str(_resolved(value, info))


Hashtag = Annotated[str, Field(max_length=100, examples=["Aleppo"]), AfterValidator(_hashtag)]
Term = Annotated[str, Field(max_length=200, examples=["ceasefire"]), AfterValidator(_term)]
Handle = Annotated[str, Field(max_length=200, examples=["velgrad_port"]), AfterValidator(_handle)]
LanguageCode = Annotated[str, Field(examples=["en"]), AfterValidator(_language)]
CollectorName = Annotated[str, Field(examples=["x"]), AfterValidator(_collector)]
Variable = Annotated[str, AfterValidator(_variable)]
BaseUrl = Annotated[str, AfterValidator(_base_url)]
LinkUrl = Annotated[str, Field(max_length=600), AfterValidator(_link)]
ConfigPath = Annotated[Path, BeforeValidator(_resolved)]
MediaPlace = Annotated[str, BeforeValidator(_media_place)]
PlaceName = Annotated[str, Field(examples=["desk"]), AfterValidator(_place_name)]
Destination = Annotated[str, Field(max_length=80, examples=["webhook:desk"]), AfterValidator(_destination)]
MailAddress = Annotated[str, Field(max_length=254, examples=["night@example.org"]), AfterValidator(_address)]
MailList = Annotated[tuple[MailAddress, ...], Field(min_length=1, max_length=100, examples=[["night@example.org"]])]
Host = Annotated[str, AfterValidator(_host)]
Port = Annotated[int, Field(ge=0, le=65535)]


# --- watches ---------------------------------------------------------------------------------------------------------


class Keywords(Model):
    """Words or short phrases, in any spelling of case."""

    all: tuple[Term, ...] = Field(default=(), max_length=200, examples=[["Velgrad"]])
    """Every one of these must stand in the post."""
    any: tuple[Term, ...] = Field(default=(), max_length=200, examples=[["bridge", "crane"]])
    """One of these is enough."""
    none: tuple[Term, ...] = Field(default=(), max_length=200, examples=[["giveaway"]])
    """A post with one of these is not wanted."""


class Thresholds(Model):
    """When a story of this watch is worth waking somebody."""

    min_interactions: int = Field(default=30, ge=1, le=10**9, examples=[30])
    """Never below this many reposts, quotes and replies, however surprising."""
    max_surprise: float = Field(default=0.001, gt=0, le=0.5, examples=[0.001])
    """How improbable a spread must be against the watch's own history: 0.001 is one story in a thousand."""
    min_history: int = Field(default=30, ge=2, le=100_000, examples=[30])
    """Earlier stories of the watch needed before anything is called surprising."""
    independent_origins: float = Field(default=2.0, gt=1, le=100, examples=[2])
    """Independent origins at which a story counts as corroborated. At 1 every story would be its own corroboration."""
    story_hours: float = Field(default=48.0, gt=0, le=24 * 365, examples=[48])
    """A story without a new post for this long is over."""
    lateness_seconds: float = Field(default=1.0, ge=0, le=3600, examples=[1])
    """How long to wait for posts that arrive out of order."""
    recycled_days: float = Field(default=30.0, gt=0, le=36_500, examples=[30])
    """A picture first seen so many days before a story began is an old one."""
    coordinated_accounts: int = Field(default=5, ge=2, le=10**6, examples=[5])
    """Accounts that share the same things within seconds of each other, beyond chance: so many make a push of it,"""
    coordinated_share: float = Field(default=0.2, ge=0, le=1, examples=[0.2])
    """and this share of all accounts that assert the story."""
    removed_share: float = Field(default=0.2, gt=0, le=1, examples=[0.2])
    """Of the posts that assert a story in words of their own, gone from their platform while it spreads."""
    max_volume_surprise: float = Field(default=0.003, gt=0, le=0.5, examples=[0.003])
    """The chance of so many posts of the whole watch at such an hour must be at most this for a spike."""
    leading_share: float = Field(default=0.3, gt=0, le=1, examples=[0.3])
    """Of the posts in a spike of the whole watch, those of one story: from here on it is what the spike is about."""
    alerts_per_hour: int = Field(default=6, ge=1, le=10_000, examples=[6])
    """New alerts of this watch in any 60 minutes that are told one by one; the rest goes into a digest."""


class Watch(Model):
    """What somebody asked to be watched."""

    name: Annotated[str, AfterValidator(_watch_name)] = Field(examples=["aleppo"])
    """Small letters, digits and -; it keys what is stored, so a new name is a new watch with no history."""
    hashtags: tuple[Hashtag, ...] = Field(default=(), max_length=200, examples=[["Aleppo", "حلب"]])
    """Without #. Each spelling is its own entry; case does not matter."""
    keywords: Keywords = Field(default=Keywords(), examples=[{"any": ["bridge", "crane"]}])
    phrases: tuple[Term, ...] = Field(default=(), max_length=200, examples=[["Karst Bridge"]])
    """Words that must stand next to each other, in this order."""
    accounts: tuple[Handle, ...] = Field(default=(), max_length=200, examples=[["velgrad_port"]])
    """Handles, without @: all they post."""
    languages: tuple[LanguageCode, ...] = Field(default=(), max_length=50, examples=[["en", "ar"]])
    """Only posts in these; all if empty. Posts whose text does not tell are kept."""
    collectors: tuple[CollectorName, ...] = Field(default=(), max_length=20, examples=[["x"]])
    """The live collectors that follow it; all that are on if empty. Who replays a recording has chosen it, so it is
    taken whatever stands here; replay alone means: not followed live."""
    thresholds: Thresholds = Field(default=Thresholds(), examples=[{"min_interactions": 30}])
    slack_channel: Annotated[str, AfterValidator(_channel)] = Field(default="", examples=["C0123456789"])
    """The id of the channel to tell; nobody is told on Slack if absent."""
    notify: tuple[Destination, ...] = Field(default=(), max_length=20, examples=[["webhook:desk", "email:night"]])
    """Who else is told: webhooks and lists of e-mail addresses, by their names under notify: in secondsource.yaml."""


class WatchFile(Model):
    """Watches, one or several a file."""

    watches: tuple[Watch, ...] = Field(
        min_length=1, max_length=1000, examples=[[{"name": "aleppo", "hashtags": ["Aleppo"]}]]
    )


# --- the deployment --------------------------------------------------------------------------------------------------


class Kafka(Model):
    """Where the broker is and how to be let in. Used where `transport: kafka`."""

    bootstrap: str = Field(
        default="127.0.0.1:9092", pattern=r"^[^\s,/@]+:\d+(,[^\s,/@]+:\d+)*$", examples=["127.0.0.1:9092"]
    )
    """host:port, several with commas."""
    prefix: str = Field(default="secondsource", pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$", examples=["secondsource"])
    """Begins the name of every topic and consumer group, so that several deployments can share a broker."""
    partitions: int = Field(default=4, ge=1, le=1000, examples=[4])
    """Of topics made by us; the most workers that can share a stage."""
    replication: int = Field(default=1, ge=1, le=10, examples=[3])
    """Copies of each partition; 3 is usual on a cluster."""
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        default="PLAINTEXT", examples=["SASL_SSL"]
    )
    ssl_ca_file: ConfigPath | None = Field(default=None, examples=["/etc/secondsource/ca.pem"])
    ssl_cert_file: ConfigPath | None = Field(default=None, examples=["/etc/secondsource/client.pem"])
    ssl_key_file: ConfigPath | None = Field(default=None, examples=["/run/secrets/kafka-client.key"])
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        default="SCRAM-SHA-512", examples=["SCRAM-SHA-512"]
    )
    sasl_username: str = Field(default="", max_length=200, examples=["secondsource"])
    sasl_password_env: Variable | None = Field(default=None, examples=["KAFKA_PASSWORD"])
    sasl_password_file: ConfigPath | None = Field(default=None, examples=["/run/secrets/kafka-password"])


class Store(Model):
    """Where everything is remembered. One of the two; a local SQLite file if neither is given."""

    url: Annotated[str, AfterValidator(_database)] | None = Field(
        default=None, examples=["sqlite:///secondsource.sqlite"]
    )
    """Without a password in it."""
    url_env: Variable | None = Field(default=None, examples=["DATABASE_URL"])
    """Name of an environment variable that holds the URL, password and all."""
    keep_days: int | None = Field(default=None, ge=1, le=36_500, examples=[90])
    """Posts, people, stories and alerts older than this are let go of, every hour; all is kept if absent."""
    baseline_hours: int | None = Field(default=24, ge=1, le=8_760, examples=[24])
    """What stories are expected to reach is fitted anew, from the last 30 days, when it is so old; never where null."""


class Media(Model):
    """Fetching pictures and looking at them, within bounds."""

    enabled: bool = Field(default=True, examples=[True])
    roots: tuple[ConfigPath, ...] = Field(default=(), max_length=100, examples=[["/srv/pictures"]])
    """Folders from which file: addresses may be read, for replays. None else ever is."""
    max_bytes: int = Field(default=bounds.PICTURE_BYTES, ge=1000, le=10**9, examples=[bounds.PICTURE_BYTES])
    max_pixels: int = Field(default=bounds.PICTURE_PIXELS, ge=10_000, le=10**9, examples=[bounds.PICTURE_PIXELS])
    """Width × height; larger ones are refused before they are decoded."""
    timeout_seconds: float = Field(default=bounds.FETCH_SECONDS, gt=0, le=300, examples=[10])
    workers: int = Field(default=bounds.FETCHED_AT_ONCE, ge=1, le=256, examples=[8])
    per_host: int = Field(default=bounds.FETCHED_FROM_ONE_HOST, ge=1, le=64, examples=[4])
    """Connections to one host at a time."""
    key_frames: int = Field(default=bounds.KEY_FRAMES, ge=1, le=200, examples=[16])
    """Of an animation, one for each new scene: so many are fingerprinted at most."""
    keep: Literal["nothing", "thumbnails", "originals"] = Field(default="thumbnails", examples=["thumbnails"])
    """What is kept of pictures beside their fingerprints. Thumbnails are for the evidence page. originals: the files as
    they came, and thumbnails; check that the platforms you follow allow it. All of it goes with the last post."""
    store: MediaPlace | None = Field(default=None, examples=["/srv/media"])
    """Where: a folder, or s3://bucket/prefix, with the keys where AWS's tools look for them. Stages on several machines
    must share it. If absent, a folder beside the SQLite file; where the store is PostgreSQL, nothing is kept."""
    endpoint: BaseUrl | None = Field(default=None, examples=["https://minio.example.org:9000"])
    """Of an S3-compatible store that is not Amazon's."""
    parts: bool | None = Field(default=None, examples=[True])
    """Whether every post's pictures are looked through for parts of archived ones: crops, cropped tiles. If absent,
    where one process does all, or an index is named. What is framed, mirrored or within a page is found always."""
    index: ConfigPath | None = Field(default=None, examples=["/srv/pictures.index"])
    """Folder of the index by which parts of pictures are found again, shared by the processes of a machine; it is made
    of the store. If absent, beside the SQLite file; where the store is PostgreSQL, in this user's cache folder."""


class Enrich(Model):
    languages: tuple[LanguageCode, ...] = Field(
        default=("ar", "de", "en", "es", "fa", "fr", "he", "it", "ku", "pt", "ru", "tr", "uk"),
        min_length=1,
        max_length=176,
        examples=[["en", "ar"]],
    )
    """What posts are expected in. Fewer is more accurate: the text of a short post fits many languages."""
    pipelines: dict[LanguageCode, str] = Field(default={}, examples=[{"en": "en_core_web_sm"}])
    """Trained spaCy pipelines to use, by language. Those not installed are reported at start."""
    gazetteers: tuple[ConfigPath, ...] | None = Field(default=None, max_length=100, examples=[["gazetteer/places.tsv"]])
    """Lists of names, relative to this file's folder; those that come with Second Source if absent."""
    cues: ConfigPath | None = Field(default=None, examples=["cues"])
    """Folder of the words that tell how a post takes what it speaks of, one file a language; ours if absent."""
    stance_model: ConfigPath | None = Field(default=None, examples=["stance.npz"])
    """What `secondsource stance train` wrote: it judges replies beside the cues. Cues alone if absent."""
    media: Media = Field(default=Media(), examples=[{"enabled": True}])


class Stories(Model):
    model: ConfigPath | None = Field(default=None, examples=["sentences"])
    """Folder of a sentence model in ONNX form (docs/stories.md), by which posts in other words or languages are found
    to say the same, and earlier fact-checks of what they say. Off if absent."""
    embedder: Annotated[str, Field(pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$", max_length=200)] | None = Field(
        default=None, examples=["velgrad_models:sentences"]
    )
    """In the place of a model: module and name of what turns texts into vectors. Trusted code of yours: it is imported
    and called."""
    alike: float = Field(default=0.7, gt=0, le=1, examples=[0.7])
    """Cosine from which two texts say the same; each model has its own (`secondsource eval stories --alike`)."""
    texts_per_minute: int = Field(default=1_000, gt=0, le=1_000_000, examples=[1_000])
    """Of how many posts of a watch the model is asked at most, in a minute of event time."""


class Slack(Model):
    """On as soon as the bot's token is there; its messages have buttons as soon as one of the other two secrets is."""

    token_env: Variable | None = Field(default=None, examples=["SLACK_BOT_TOKEN"])
    token_file: ConfigPath | None = Field(default=None, examples=["/run/secrets/slack-bot-token"])
    app_token_env: Variable | None = Field(default=None, examples=["SLACK_APP_TOKEN"])
    """Of the app-level token (xapp-…): buttons are heard over a socket that we open (Socket Mode)."""
    app_token_file: ConfigPath | None = Field(default=None, examples=["/run/secrets/slack-app-token"])
    signing_secret_env: Variable | None = Field(default=None, examples=["SLACK_SIGNING_SECRET"])
    """Of the app's signing secret: buttons are heard by requests that Slack sends to /slack/interactions."""
    signing_secret_file: ConfigPath | None = Field(default=None, examples=["/run/secrets/slack-signing-secret"])
    host: Host = Field(default="127.0.0.1", min_length=1, max_length=255, examples=["127.0.0.1"])
    """Where those requests are taken; a proxy in front of it has the certificate."""
    port: Port = Field(default=8381, examples=[8381])
    base_url: BaseUrl = Field(default="https://slack.com/api/", examples=["https://slack.com/api/"])


class Webhook(Model):
    """A program that is told of every step of an alert, by a signed POST of JSON. One of the three says where it is."""

    url: BaseUrl | None = Field(default=None, examples=["https://hooks.example.org/alerts"])
    """Without a token in it."""
    url_env: Variable | None = Field(default=None, examples=["DESK_WEBHOOK_URL"])
    """Name of an environment variable that holds the address, token and all."""
    url_file: ConfigPath | None = Field(default=None, examples=["/run/secrets/desk-webhook-url"])
    secret_env: Variable | None = Field(default=None, examples=["DESK_WEBHOOK_SECRET"])
    """Name of an environment variable that holds what messages are signed with; they are not signed if absent."""
    secret_file: ConfigPath | None = Field(default=None, examples=["/run/secrets/desk-webhook-secret"])
    inside: bool = Field(default=False, examples=[True])
    """It may be in a network of yours, and be spoken to without TLS. Otherwise: public addresses only, and https."""
    ca_file: ConfigPath | None = Field(default=None, examples=["/etc/secondsource/ca.pem"])
    """The authority of its certificate; those the system trusts if absent."""


class Email(Model):
    """The server that takes our mails, and who gets them."""

    host: str = Field(min_length=1, max_length=253, pattern=r"^[A-Za-z0-9.:-]+$", examples=["smtp.example.org"])
    port: Port = Field(default=587, examples=[587])
    """587 is usual with starttls, 465 with tls, 25 inside a network."""
    security: Literal["starttls", "tls", "none"] = Field(default="starttls", examples=["starttls"])
    """Whatever is chosen is kept to: where the server offers no TLS, nothing is sent. none: in the clear."""
    user: str = Field(default="", max_length=200, examples=["secondsource"])
    password_env: Variable | None = Field(default=None, examples=["SMTP_PASSWORD"])
    password_file: ConfigPath | None = Field(default=None, examples=["/run/secrets/smtp-password"])
    address: MailAddress = Field(examples=["alerts@example.org"])
    """Mails come from this address."""
    name: str = Field(default="Second Source", min_length=1, max_length=100, examples=["Second Source"])
    ca_file: ConfigPath | None = Field(default=None, examples=["/etc/secondsource/ca.pem"])
    """The authority of the server's certificate; those the system trusts if absent."""
    lists: dict[PlaceName, MailList] = Field(default={}, max_length=100, examples=[{"night": ["night@example.org"]}])
    """Who gets them, by the names that watches call them by."""


class Notify(Model):
    console: bool = Field(default=True, examples=[True])
    """Print alerts where the process runs."""
    slack: Slack = Field(default=Slack(), examples=[{"token_env": "SLACK_BOT_TOKEN"}])
    board_url: LinkUrl | None = Field(
        default=None, examples=["https://grafana.example.org/d/secondsource-newsroom?var-watch={watch}"]
    )
    """The board that messages link to; {watch} and {rule} stand for the alert's."""
    runbook_url: LinkUrl | None = Field(default=None, examples=["https://wiki.example.org/on-call/{rule}"])
    """What to do when a message comes; messages link to it."""
    webhooks: dict[PlaceName, Webhook] = Field(
        default={}, max_length=100, examples=[{"desk": {"url": "https://hooks.example.org/alerts"}}]
    )
    """Programs that are told, by the names that watches call them by: notify: [webhook:desk]."""
    email: Email | None = Field(
        default=None,
        examples=[
            {"host": "smtp.example.org", "address": "alerts@example.org", "lists": {"night": ["night@example.org"]}}
        ],
    )
    """For watches that name one of its lists: notify: [email:night]."""


class Desk(Model):
    """The evidence page."""

    host: Host = Field(default="127.0.0.1", min_length=1, max_length=255, examples=["127.0.0.1"])
    port: Port = Field(default=8380, examples=[8380])
    public_url: BaseUrl | None = Field(default=None, examples=["https://desk.example.org"])
    """How readers of a Slack message reach the page; http://host:port if absent. Slack fetches its charts there."""
    acts: bool | None = Field(default=None, examples=[True])
    """Whether whoever reaches the page may acknowledge, snooze and dismiss. If absent, only where host is this machine
    itself (127.0.0.1): nobody signs in here, so elsewhere a proxy that asks who comes belongs in front of it."""


class Metrics(Model):
    address: Host = Field(default="127.0.0.1", min_length=1, max_length=255, examples=["127.0.0.1"])
    port: Port = Field(default=9380, examples=[9380])
    """Each process of a host needs its own; 0 takes a free one."""


class Runtime(Model):
    batch_size: int = Field(default=bounds.RECORDS_AT_ONCE, ge=1, le=100_000, examples=[2000])
    """Records handled, and committed, together."""
    halt_after: int = Field(default=bounds.BAD_IN_A_ROW, ge=1, le=10**6, examples=[100])
    """So many bad records in a row stop a stage rather than eat the stream."""
    save_every_seconds: float = Field(default=bounds.SAVE_SECONDS, gt=0, le=3600, examples=[2])
    """How often a stage's memory is kept; after a crash so much is handled again."""


class Deployment(Model):
    """How this deployment runs. Every key has a default: an empty file runs on one machine with no service."""

    transport: Transport = Field(default="inline", examples=["inline"])
    """inline: one process, no broker. kafka: as many processes as you like."""
    kafka: Kafka = Field(default=Kafka(), examples=[{"bootstrap": "127.0.0.1:9092"}])
    store: Store = Field(default=Store(), examples=[{"url": "sqlite:///secondsource.sqlite"}])
    collectors: Model = Field(default=Model(), examples=[{"x": {"enabled": True}}])
    """Where posts come from; a section for each collector there is."""
    enrich: Enrich = Field(default=Enrich(), examples=[{"languages": ["en", "ar"]}])
    stories: Stories = Field(default=Stories(), examples=[{"model": "sentences"}])
    notify: Notify = Field(default=Notify(), examples=[{"console": True}])
    desk: Desk = Field(default=Desk(), examples=[{"port": 8380}])
    metrics: Metrics = Field(default=Metrics(), examples=[{"port": 9380}])
    runtime: Runtime = Field(default=Runtime(), examples=[{"batch_size": 2000}])
