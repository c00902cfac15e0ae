"""What a piece of work costs: CPU seconds, wall seconds, peak memory. Standard library only.

Memory is the peak resident size during the work above the resident size just before it. On Linux
the kernel's high-water mark is reset first (`/proc/self/clear_refs`); where that is not possible
only the peak of the whole process is known, and `exact` is False.
"""

from __future__ import annotations

import argparse
import contextlib
import cProfile
import ctypes
import gc
import json
import os
import platform
import pstats
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
ONE_THREAD = {
    **dict.fromkeys(
        ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"), "1"
    ),
    "TOKENIZERS_PARALLELISM": "false",
}
STACK = ("numpy", "faiss-cpu", "tokenizers", "safetensors")


@dataclass(frozen=True)
class Cost:
    """What one call took."""

    cpu: float  # seconds of process time
    wall: float  # seconds
    peak_mb: float  # resident memory above that before the call, MiB
    exact: bool  # False: the peak may be one from before the call


def _resident(key: str) -> int:
    """VmRSS or VmHWM in KiB; 0 where there is no /proc."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(key + ":")), 0)


def _settle() -> bool:
    """Give freed memory back and reset the high-water mark; False where it cannot be done."""
    gc.collect()
    with contextlib.suppress(OSError, AttributeError, TypeError):  # not glibc
        ctypes.CDLL(None).malloc_trim(0)
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return False
    return True


def _peak() -> int:
    """The highest resident size so far, KiB."""
    known = _resident("VmHWM")
    if known:
        return known
    import resource

    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return size // 1024 if sys.platform == "darwin" else size


def measure(work: Callable[[], Any]) -> tuple[Any, Cost]:
    """Do it once and say what it cost."""
    exact = _settle()
    before = _resident("VmRSS") or _peak()
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return result, Cost(cpu, wall, max(0, _peak() - before) / 1024, exact)


def in_fresh_process(command: list[str], timeout: float | None = None) -> Any:
    """Run a command that prints one JSON object last, on one thread; the object.

    SystemExit with the end of its error output if it fails.
    """
    environment = {**os.environ, **ONE_THREAD}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=timeout
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} fails:\n{done.stderr[-3000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def load_average() -> list[float] | None:
    """Processes that want to run, mean of 1, 5 and 15 minutes; None where nobody counts."""
    try:
        return [round(x, 2) for x in os.getloadavg()]
    except (OSError, AttributeError):
        return None


def machine() -> dict[str, Any]:
    """Processor and versions, for the result file."""
    cpu, info = platform.processor() or platform.machine(), Path("/proc/cpuinfo")
    if info.exists():
        text = info.read_text(encoding="utf-8", errors="replace")
        names = [x.partition(":")[2].strip() for x in text.splitlines() if "model name" in x]
        cpu = names[0] if names else cpu
    versions = {"python": platform.python_version()}
    for name in STACK:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            versions[name] = "not installed"
    return {"cpu": cpu, "cores": os.cpu_count(), "system": platform.system(), "versions": versions}


def write_json(path: Path, value: Any) -> None:
    """Write a result file, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".part")
    temporary.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    temporary.replace(path)


def numbers(text: str) -> list[int]:
    """ "500,2k,8k" -> [500, 2000, 8000]."""
    return [
        int(part[:-1]) * 1000 if part[-1:] in "kK" else int(part)
        for part in text.replace(" ", "").split(",")
    ]


def options(description: str, sizes: Sequence[int], result: Path) -> argparse.ArgumentParser:
    """The command line of a benchmark of several sizes, each measured in fresh processes."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--sizes", type=numbers, default=list(sizes))
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--profile", action="store_true", help="print where the time goes")
    parser.add_argument("-o", "--output", type=Path, default=result)
    parser.add_argument("--one", help=argparse.SUPPRESS)  # one run, in a fresh process
    return parser


def measured_alone(module: str, one: str, repeat: int, *arguments: str) -> list[Any]:
    """What `python -m benchmarks.MODULE --one ONE ARGUMENTS` prints, so many times."""
    command = [sys.executable, "-m", f"benchmarks.{module}", "--one", one, *arguments]
    return [in_fresh_process(command) for _ in range(repeat)]


@contextlib.contextmanager
def profiled(wanted: bool, lines: int = 30) -> Iterator[None]:
    """Where the CPU time goes, on standard error."""
    if not wanted:
        yield
        return
    profiler = cProfile.Profile(time.process_time)
    profiler.enable()
    try:
        yield
    finally:
        profiler.disable()
        pstats.Stats(profiler, stream=sys.stderr).sort_stats("tottime").print_stats(lines)


def report(
    cells: Iterable[dict[str, Any]],
    line: Callable[[dict[str, Any]], str],
    name: str,
    **settings: Any,
) -> dict[str, Any]:
    """The result file: what was measured, cell by cell, under this name, and on what machine.

    Each cell is told to people as soon as it is there.
    """
    loads, found = [load_average()], []
    for cell in cells:
        found.append({**cell, "load": load_average()})
        print(line(found[-1]), file=sys.stderr)
    loads.append(load_average())
    return {
        "machine": machine(),
        "threads": 1,
        "load_average": {"before": loads[0], "after": loads[1]},
        **settings,
        name: found,
    }
