"""Finds a model by name on the Hugging Face hub and says so before anything is downloaded.

Only data is fetched: no pickles, no code. HF_HOME, HF_HUB_OFFLINE, HF_TOKEN and the like are
honoured by the hub's own library.
"""

from __future__ import annotations

import fnmatch
import functools
import logging
import re
from pathlib import Path

from align.errors import AlignError

log = logging.getLogger("align")
WANTED = ("*.json", "*.safetensors", "*.txt", "*.model", "*.jinja")
UNWANTED = ("onnx/*", "openvino/*", "coreml/*", "*.py")
is_hub_name = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?").fullmatch


def fetch(name: str) -> Path:
    """The local folder of a model on the hub, downloaded if it is not there yet.

    Raises AlignError when there is no such model or no way to it.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import GatedRepoError, HFValidationError, RepositoryNotFoundError

    full = name if "/" in name else f"sentence-transformers/{name}"
    get = functools.partial(
        snapshot_download, full, allow_patterns=list(WANTED), ignore_patterns=list(UNWANTED)
    )
    try:
        kept = Path(get(local_files_only=True))
        if any(kept.rglob("*.safetensors")):
            return kept
    except Exception:  # not here; whatever is wrong comes up again below
        log.debug("%s is not in the local cache", full)
    try:
        log.warning("downloading the model %s (%s) from the Hugging Face hub", full, _size(full))
        return Path(get())
    except GatedRepoError as error:
        raise AlignError(f"{full}: the model's owner asks for a login; set HF_TOKEN") from error
    except (RepositoryNotFoundError, HFValidationError) as error:
        raise AlignError(
            f"{name}: no folder of that name here and no such model on the Hugging Face hub"
        ) from error
    except Exception as error:  # the network has many ways to fail, each with its own class
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        raise AlignError(
            f"{full}: no such folder here, and the Hugging Face hub cannot be reached ({reason});"
            " download the model elsewhere and give its folder"
        ) from error


def _size(name: str) -> str:
    from huggingface_hub import HfApi

    total = 0
    for file in HfApi().model_info(name, files_metadata=True).siblings or []:
        wanted = any(fnmatch.fnmatch(file.rfilename, pattern) for pattern in WANTED)
        if wanted and not any(fnmatch.fnmatch(file.rfilename, p) for p in UNWANTED):
            total += file.size or 0
    return f"{total / 1e6:.0f} MB"
