"""What a new plugin is asked: each answer checked, with a default that follows from the first."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import click

_PROVIDER = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_MODEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*")
_HOST = r"https?://[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*(:[0-9]{1,5})?"
_BASE_URL = re.compile(_HOST + r"(/[A-Za-z0-9._~/-]*)?")
_PAGE_URL = re.compile(_HOST + r"(/[^\s\"'`\\<>()$|]*)?")
_LONGEST_PROVIDER, _LONGEST = 40, 60
"""Characters of a name: it stands in lines of code, which stay formatted, and in names of files."""


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What is known of the provider; what is filled into the template follows from it."""

    provider: str
    model: str
    base_url: str
    key_variable: str
    page_title: str
    page_url: str

    @property
    def distribution(self) -> str:
        """The distribution that is written."""
        return distribution_name(self.provider)

    @property
    def package(self) -> str:
        """The package in the distribution."""
        return self.distribution.replace("-", "_")


def distribution_name(provider: str) -> str:
    """Return the distribution that is given a provider's key, if several bring variants of it."""
    return f"rushes-{provider}"


def provider_name(text: str) -> str:
    """Check a provider's name: it stands in variants, variables and the distribution's name."""
    text = text.strip()
    if len(text) <= _LONGEST_PROVIDER and _PROVIDER.fullmatch(text):
        return text
    near = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:_LONGEST_PROVIDER].strip("-")
    hint = f" (like {near})" if _PROVIDER.fullmatch(near) else ""
    raise click.BadParameter(
        f"{text!r} is not a provider's name{hint}: a letter, then lower-case letters, digits and "
        f"single hyphens, at most {_LONGEST_PROVIDER} characters."
    )


def model_name(text: str) -> str:
    """Check a model's name."""
    text = text.strip()
    if len(text) <= _LONGEST and _MODEL.fullmatch(text):
        return text
    raise click.BadParameter(
        f"{text!r} is not a model's name: letters, digits, '.', '_' and '-', at most {_LONGEST} "
        'characters. If the provider\'s id has others, choose a name like "film-zoom" for '
        '"film/zoom", and put the id into the declaration later.'
    )


def base_url(text: str) -> str:
    """Check a base URL."""
    text = text.strip().rstrip("/")
    if _BASE_URL.fullmatch(text):
        return text
    raise click.BadParameter(
        f"{text!r} is not a base URL: https://, a host, and perhaps a path, without a query."
    )


def key_variable(text: str) -> str:
    """Check the name of an environment variable."""
    text = text.strip()
    if _VARIABLE.fullmatch(text) and len(text) <= _LONGEST:
        return text
    raise click.BadParameter(
        f"{text!r} is not the name of a variable: capital letters, digits and '_', at most "
        f"{_LONGEST} characters."
    )


def page_title(text: str) -> str:
    """Check a page's title: it stands in quotes in the code."""
    text = text.strip()
    if text and len(text) <= 2 * _LONGEST and text.isprintable() and not {*text} & {*'"\\[]|'}:
        return text
    raise click.BadParameter(
        f"{text!r} is not a page's title: one line of at most {2 * _LONGEST} characters, without "
        'any of " \\ [ ] |.'
    )


def page_url(text: str) -> str:
    """Check a page's address."""
    text = text.strip()
    if _PAGE_URL.fullmatch(text):
        return text
    raise click.BadParameter(
        f"{text!r} is not the address of a page: it begins with https:// and a host, and has no "
        "spaces, quotes or brackets."
    )


def title(provider: str) -> str:
    """Return a provider's name as it is written in sentences."""
    return " ".join(part.capitalize() for part in provider.split("-"))


def own_key_variable(provider: str) -> str:
    """Return the variable that holds a provider's key without being declared."""
    from rushes.variant import key_variable

    return key_variable(provider)


@dataclass(frozen=True)
class Question:
    """One question: the option that answers it, its words, its check and its default."""

    name: str
    words: str
    check: Callable[[str], str]
    default: Callable[[str], str]

    @property
    def option(self) -> str:
        """The option that answers it."""
        return f"--{self.name.replace('_', '-')}"


QUESTIONS = (
    Question("model", "Model, as the provider calls it", model_name, lambda _: "video-1"),
    Question("base_url", "Base URL", base_url, lambda name: f"https://api.{name}.example"),
    Question(
        "key_variable",
        "Environment variable with the key, as the provider calls it",
        key_variable,
        own_key_variable,
    ),
    Question(
        "page_title",
        "Title of the page that documents it",
        page_title,
        lambda name: f"{title(name)}, Create a video",
    ),
    Question(
        "page_url",
        "Address of that page",
        page_url,
        lambda name: f"https://docs.{name}.example/videos",
    ),
)
"""What is asked besides the provider's name."""
