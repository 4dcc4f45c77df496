"""The parts of the page that are words and tables: head, key table, sources, reproduction."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from html import escape
from itertools import groupby
from typing import Any

from tradesim.report import labels, text
from tradesim.report.finding import Findings, Quantity, Row, key_table, month_name, sentence
from tradesim.report.reading import Reading
from tradesim.report.sections import Section
from tradesim.scenario import Scenario

#: Keys of a run that the reproduction command repeats when they differ from their defaults.
_REPEATED = (
    "base_year", "start", "weeks", "step_weeks", "firms", "noise", "growth", "growth_from",
    "pipeline",
)  # fmt: skip
_KINDS = {
    "source": "Sources", "table": "Tables of the base year 2024", "rule": "Rules that fill gaps",
    "vintage": "Tables and rules of other base years",
}  # fmt: skip
LARGEST_ADJUSTMENTS = 20
_QUALITY = ("official", "press", "estimate", "reconciled", "assumption", "recalled")


def header(reading: Reading, findings: Findings) -> str:
    """Title, story, the finding in one sentence, four large numbers, notes on what is missing."""
    title = str(reading.setting("title") or reading.main)
    story = str(reading.setting("story") or "")
    sources = reading.setting("sources") or ()
    parts = [f"<h1>{escape(title)}</h1>"]
    if story:
        told = f" Sources: {escape('; '.join(str(s) for s in sources))}." if sources else ""
        parts.append(f'<p class="story">{escape(story)}{told}</p>')
    found = re.sub(r"\[[^\]]*\]", r'<span class="nb">\g<0></span>', escape(sentence(findings)))
    parts.append(f'<p class="finding">{found}</p>')
    parts.append(tiles(findings))
    if len(findings.seeds) == 1:
        parts.append(f'<p class="note">{text.ONE_RUN}</p>')
    if "markets" not in reading.results.tables:
        parts.append(f'<p class="note">{text.NO_TABLES}</p>')
    return "\n".join(parts)


def tiles(findings: Findings) -> str:
    """Four large numbers for a projector."""
    found = findings.trough()
    boxes = []
    if found is not None:
        month, low = found
        boxes.append(_tile(low, "%", f"of normal magnet exports from China in {month_name(month)}"))
    boxes.append(
        _tile(
            findings.ask_peak("EU27", "oxide_Dy"),
            "×",
            "peak ask of Dy oxide in the EU over its base",
        )
    )
    boxes.append(
        _tile(
            findings.stoppage("outside_CHN"), " weeks", "until the first plant outside China stops"
        )
    )
    lost = findings.shortfall("physical", "outside_CHN")
    boxes.append(_tile(lost, " t", "of magnets missing outside China in the first year (physical)"))
    return f'<div class="tiles">{"".join(boxes)}</div>'


def _tile(q: Quantity, unit: str, words: str) -> str:
    if not q.n:
        value, spread = "none", f"in {labels.count(q.runs, 'run')}"
    else:
        value = f"{q.middle}{unit}"
        spread = f"p10–p90 {q.span}{unit}" if q.n > 1 else "one run"
        spread += f", in {q.n} of {q.runs} runs" if q.n < q.runs else ""
    return (f'<div class="tile"><b>{value}</b><span>{escape(words)}</span>'
            f'<span class="spread">{spread}</span></div>')  # fmt: skip


def table_section(findings: Findings) -> Section:
    """The key table: p10, p50, p90 of the headline metrics."""
    rows = key_table(findings)
    shown, folded = [r for r in rows if not r.more], [r for r in rows if r.more]
    n = labels.count(len(findings.seeds), "run")
    body = (
        f"<p>Quantiles over {n}. The last column counts the runs in which it happened; quantiles "
        "are taken over those.</p>" + rows_html(shown)
    )
    if folded:
        body += (
            "<details><summary>More rows: other elements and goods, rationed and price-destroyed "
            f"shortfall</summary>{rows_html(folded)}</details>"
        )
    return Section("numbers", "Key numbers", body, short="Key numbers")


def rows_html(rows: Sequence[Row]) -> str:
    """Rows of the key table as an HTML table; a metric's name stands once."""
    head = "".join(
        f"<th scope='col'{kind}>{name}</th>"
        for name, kind in (("Metric", ""), ("Where", ""), ("p10", " class='n'"),
                           ("p50", " class='n'"), ("p90", " class='n'"), ("Unit", ""),
                           ("Runs", " class='n'"))
    )  # fmt: skip
    body = []
    for metric, part in groupby(rows, key=lambda row: row.metric):
        members = list(part)
        for i, row in enumerate(members):
            span = f"<th scope='rowgroup' rowspan='{len(members)}'>{escape(metric)}</th>"
            cells = "".join(f"<td class='n'>{escape(cell)}</td>" for cell in row.cells)
            body.append(
                f"<tr>{span if i == 0 else ''}<td class='k'>{escape(row.subject)}</td>{cells}"
                f"<td>{escape(row.unit)}</td><td class='n'>{escape(row.runs)}</td></tr>"
            )
    return (
        f"<div class='wide'><table><thead><tr>{head}</tr></thead>"
        f"<tbody>{''.join(body)}</tbody></table></div>"
    )


def reading_section(uncertainty: str) -> Section:
    """How to read the page, the shortfalls once more, caveats; ``uncertainty`` as in the run."""
    items = "".join(f"<li>{item}</li>" for item in text.HOW_TO_READ)
    said = (*text.CAVEATS[:1], text.PARAMETERS[uncertainty], *text.CAVEATS[1:])
    caveats = "".join(f"<li>{item}</li>" for item in said)
    defined = "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(words)}</dd>"
        for name, words in text.SHORTFALLS.values()
    )
    return Section(
        "reading", "How to read this page",
        f"<ul>{items}</ul><h3>The three shortfalls</h3><dl class='definitions'>{defined}</dl>"
        f"<h3>Caveats</h3><ul>{caveats}</ul>",
        short="How to read",
    )  # fmt: skip


def source_section(data: Sequence[Mapping[str, Any]]) -> Section:
    """The data behind the base year by kind, then by quality; assumptions are set in italics.

    ``data`` has the form of :func:`tradesim.tables.loader.list_data`.
    """
    by_kind: dict[str, list[Mapping[str, Any]]] = {}
    for item in data:
        by_kind.setdefault(str(item["kind"]), []).append(item)
    moved = by_kind.pop("adjustment", [])
    parts = [
        "<p>Quality of a row: official, press, estimate, reconciled (moved so that the year "
        "closes), <i>assumption</i>, recalled. The full list with every adjustment: "
        "<code>tradesim list data</code>.</p>"
    ]
    for kind, title in _KINDS.items():
        if kind in by_kind:
            parts.append(_folded(f"{title} ({len(by_kind[kind])})", by_kind[kind]))
    largest = sorted(moved, key=lambda item: -_percent(item))[:LARGEST_ADJUSTMENTS]
    if moved:
        name = f"Adjustments ({len(moved)} figures moved; the {len(largest)} largest)"
        parts.append(_folded(name, largest))
    return Section("sources", "Data sources", "".join(parts), short="Sources")


def _percent(item: Mapping[str, Any]) -> float:
    found = re.search(r"[-+]?\d+(\.\d+)?", str(item.get("size", "")))
    return abs(float(found.group())) if found else 0.0


def _folded(title: str, items: Sequence[Mapping[str, Any]]) -> str:
    order = {name: i for i, name in enumerate(_QUALITY)}
    ranked = sorted(items, key=lambda item: order.get(str(item["quality"]), len(order)))
    head = "".join(f"<th scope='col'>{name}</th>" for name in ("What", "Size", "Quality", "Source"))
    return (
        f"<details><summary>{escape(title)}</summary><div class='wide'><table><thead><tr>{head}"
        f"</tr></thead><tbody>{''.join(_source_row(item) for item in ranked)}</tbody></table>"
        "</div></details>"
    )


def _source_row(item: Mapping[str, Any]) -> str:
    mark = " class='assumption'" if "assumption" in str(item["quality"]) else ""
    what = escape(f"{item['name']}: {item['title']}")
    cells = (what, *(escape(str(item[key])) for key in ("size", "quality", "source")))
    return f"<tr{mark}>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def command(reading: Reading) -> str:
    """The command that makes this result again; keys at their defaults are left out."""
    words = [f"tradesim run scenario={reading.main}", f"seeds={_seeds(reading)}"]
    config = reading.results.config
    for key in _REPEATED:
        default = Scenario.model_fields[key].default
        if key in config and str(config[key]) != str(default):
            words.append(f"{key}={str(config[key]).lower()}")
    if config.get("uncertainty") == "point":
        words.append("uncertainty=point")
    if config.get("record", "monthly") != "monthly":
        words.append(f"record={config['record']}")
    return " ".join(words)


def _seeds(reading: Reading) -> str:
    seeds = [int(seed) for seed in reading.results.manifest.get("seeds") or reading.seeds]
    return (
        str(len(seeds)) if seeds == list(range(len(seeds))) else json.dumps(seeds).replace(" ", "")
    )


def reproduction_section(reading: Reading) -> Section:
    """Command, versions, seeds, hash; how to cite."""
    manifest = reading.results.manifest
    facts = {
        "Scenario": reading.main,
        "Compared with": str(manifest.get("compare") or "nothing"),
        "Seeds": ", ".join(str(seed) for seed in manifest.get("seeds", ())),
        "tradesim": str(manifest.get("code_version", "")),
        "Schema version": str(manifest.get("schema_version", "")),
        "Engine": str(manifest.get("engine", "")),
        "Packages": ", ".join(f"{k} {v}" for k, v in (manifest.get("packages") or {}).items()),
        "Result hash": str(manifest.get("result_hash", "")),
    }
    rows = "".join(
        f"<tr><th scope='row'>{name}</th><td>{escape(value)}</td></tr>"
        for name, value in facts.items() if value
    )  # fmt: skip
    changed = sorted(reading.results.difference)
    more = (
        f"<p>Keys that differ from the comparison: {escape(', '.join(changed))}. Values: "
        "<code>difference.yaml</code>.</p>" if changed else ""
    )  # fmt: skip
    body = (
        f"<pre>{escape(command(reading))}</pre><p>The complete configuration, market parameters "
        "included, is <code>config.yaml</code> in the result folder. The same version, "
        "configuration and seeds give the same hash on any number of cores.</p>"
        f"{more}<div class='wide'><table>{rows}</table></div>"
        f"<h3>How to cite</h3><p>{escape(citation(manifest))}</p>"
    )
    return Section("reproduce", "Make it again, and cite it", body, short="Reproduce")


def citation(manifest: Mapping[str, Any]) -> str:
    """One line to cite the software and this result."""
    version = str(manifest.get("code_version", "")).partition("+")[0]
    digest = str(manifest.get("result_hash", ""))[:12]
    tail = f" Result hash {digest}." if digest else ""
    return (
        f"tradesim contributors: tradesim, an agent-based model of the rare-earth trade war, "
        f"version {version}.{tail}"
    )
