"""The settings of the engine `openai_http`, with their defaults; nothing is started here."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from agent.engines.base import EngineError
from agent.engines.settings import BAD_SETTING, resolve

KIND = "openai_http"
DEFAULTS: dict[str, Any] = {
    "url": "",  # of a server that runs on the device already: `http://127.0.0.1:8080`
    "program": "",  # or of one to start there
    "args": ["-m", "{model}", "--host", "{host}", "--port", "{port}"],  # those of llama-server
    # `completions`: prompts as they are; `chat`: as a user's message; `llama`: llama-server's own,
    # the one that tells which tokens it made; `ollama`: Ollama's own, prompts as they are
    "api": "completions",
    "model": "",  # name that requests carry; "": the first one that the server lists
    "api_key_env": "",  # environment variable of the device that holds the key
    "timeout_s": 60.0,  # longest silence within a reply
    "start_timeout_s": 120.0,  # longest start of the program
    "cache_prompt": False,  # whether the server may keep prompts of earlier requests
    "n_ctx": None,  # tokens of context, found out where the server says it
}
APIS = ("completions", "chat", "llama", "ollama")
# Of the device itself: over a network a link would be measured.
HOSTS = ("127.0.0.1", "localhost", "::1")
LOOPBACK = HOSTS[0]
MAX_ARGS, MAX_ARG_CHARS = 256, 4096
_BRACED = re.compile(r"\{(\w+)\}")
_WORDS = ("model", "host", "port")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}\Z")


def http_settings(given: Mapping[str, Any]) -> dict[str, Any]:
    """All settings, checked. Raises EngineError `bad-setting`."""
    settings = resolve(KIND, DEFAULTS, given)
    if bool(settings["url"]) == bool(settings["program"]):
        raise _bad("url or program", "one is needed: a server that runs, or its program")
    if settings["url"]:
        address(settings["url"])
    elif not _is_program(Path(settings["program"])):
        raise _bad("program", f"{settings['program']!r} is no program's full path on the device")
    if settings["api"] not in APIS:
        raise _bad("api", f"{settings['api']!r} is none of {', '.join(APIS)}")
    for name in ("timeout_s", "start_timeout_s"):
        if not 0 < settings[name] <= 86_400:  # noqa: PLR2004 - a day, as all times of a plan
            raise _bad(name, "is not above 0 and at most a day")
    if settings["api_key_env"] and not _NAME.match(settings["api_key_env"]):
        raise _bad("api_key_env", "is no name of an environment variable")
    _check_args(settings["args"])
    return settings


def address(url: str) -> tuple[str, int, str]:
    """Host, port and path in front of `/v1`. Raises EngineError `bad-setting`."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or 80
    except ValueError as err:
        raise _bad("url", f"{url!r} is no address ({err})") from err
    if parts.scheme != "http" or parts.query or parts.fragment or parts.username:
        raise _bad("url", f"{url!r} is not of the form http://127.0.0.1:PORT")
    if host not in HOSTS:
        raise _bad("url", f"{host} is not the device itself ({', '.join(HOSTS)} are)")
    return host, port, parts.path.rstrip("/").removesuffix("/v1")


def filled(args: list[str], model: Path, port: int) -> list[str]:
    """The arguments with `{model}`, `{host}` and `{port}` in place."""
    values = {"model": str(model), "host": LOOPBACK, "port": str(port)}
    return [_BRACED.sub(lambda m: values.get(m[1], m[0]), word) for word in args]


def _is_program(path: Path) -> bool:
    return path.is_absolute() and path.is_file() and os.access(path, os.X_OK)


def _check_args(args: list[object]) -> None:
    if len(args) > MAX_ARGS:
        raise _bad("args", f"has more than {MAX_ARGS} words")
    for word in args:
        if not isinstance(word, str) or len(word) > MAX_ARG_CHARS or "\0" in word:
            raise _bad("args", f"{word!r:.40} is no argument")
        unknown = [name for name in _BRACED.findall(word) if name not in _WORDS]
        if unknown:
            raise _bad("args", f"{{{unknown[0]}}} is none of {', '.join(_WORDS)}")
    for name, why in (("{model}", "what is served"), ("{port}", "where it listens")):
        if not any(name in str(word) for word in args):
            raise _bad("args", f"has no {name} in it, so nobody would know {why}")


def _bad(name: str, detail: str) -> EngineError:
    return EngineError(BAD_SETTING, f"{KIND} setting {name}: {detail}")
