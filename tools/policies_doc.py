"""Write ``docs/policies.md`` from the code and the pages: ``python tools/policies_doc.py``.

By instrument: what the class does and its parameters; by imposing state: the pages with their
dates, coverage, values and sources. ``tradesim describe`` draws on the same facts.
"""

from __future__ import annotations

from md_tables import DOCS, code, head, row
from tradesim import catalogue
from tradesim.catalogue import Entry, Parameter
from tradesim.policies import Policy

PAGE = DOCS / "policies.md"

HEAD = """\
# Policies

Generated from the classes and pages by `python tools/policies_doc.py`; do not edit by hand. One
policy in full: `tradesim describe NAME`. How to add one: [how-to](how-to/add-a-policy.md).

## How policies compose

A scenario is a set of policies; the order in which they are written never matters.

- **Dates.** Firms react to a policy from `announced`; markets obey it from `effective` until
  `suspended` or `expires`, whichever comes first. `null` means that there is no such date.
- **Strength.** `strength` scales everything that a policy does; at 0 it is absent, bit for bit.
- **Within an instrument the more specific rule wins**: a rule whose coverage lies inside another's,
  or that narrows more fields.
- **Across policies**: duties, taxes and fees add; caps and ceilings take the minimum; licence rules
  of one authority take the strictest, and a lane under several authorities needs each licence; of
  several detentions the gravest holds; factors multiply; of several price floors the highest holds.
- **A truce suspends by name.** While it is in force the policies that it names are suspended; in
  its last weeks they count as announced, and when it ends they return unless it is renewed.
- **Refused before the run**: an end before the start, unknown names, numbers out of range, a
  coverage that no trade answers to or that leaves out the border at which the policy acts, an empty
  list, a truce that names no policy of the scenario, and a ban and a general licence of one
  authority on the same trade at the same time of which neither is more specific.
- **Coverage** takes elements, goods, end uses, origins, destinations, firms and stages with
  wildcards and groups of economies. Elements narrow oxides and metals; other goods are covered by
  name. Trade inside an economy is never covered.
"""


def page() -> str:
    """The whole page as Markdown."""
    entries = catalogue.library(catalogue.own_pages())
    lines = [HEAD, "## Instruments", ""]
    for cls in catalogue.classes(entries):
        lines += _instrument(cls, [each.name for each in entries if each.cls is cls])
    lines += ["## Pages by state", ""]
    for state, instruments in catalogue.by_state(entries).items():
        lines += [f"### {catalogue.economy(state)}", ""]
        for found in instruments.values():
            for each in found:
                lines += _entry(each)
    return "\n".join(lines).rstrip() + "\n"


def _instrument(cls: type[Policy], pages: list[str]) -> list[str]:
    name = cls.instrument.replace("_", " ")
    lines = [f"### {name[:1].upper()}{name[1:]} (`{cls.__name__}`)", ""]
    lines += [line for part in catalogue.class_text(cls).split("\n") for line in (part, "")]
    if cls.acts_through:
        lines += [f"Acts through {cls.acts_through}.", ""]
    if cls.needs:
        lines += ["Acts on what these control: " + code(cls.needs) + ".", ""]
    found = catalogue.parameters(cls)
    if found:
        lines += head("parameter", "unit", "default", "allowed", "meaning", "source")
        for each in found:
            lines += _parameter(each)
        lines.append("")
    return [*lines, "Pages: " + (code(pages) or "none yet") + ".", ""]


def _parameter(each: Parameter) -> list[str]:
    fact = each.fact
    default = "must be given" if each.required else catalogue.value_text(fact.default)
    own = (f"`{fact.name}`", fact.unit, default, fact.allowed(), fact.text, fact.source)
    rows = [row(own)]
    for part in each.inside:
        cells = (f"`{fact.name}[].{part.name}`", part.unit, "", part.allowed(), part.text)
        rows.append(row((*cells, part.source)))
    return rows


def _entry(each: Entry) -> list[str]:
    if each.cls is None or each.policy is None:
        raise SystemExit(f"conf/policy/{each.name}.yaml: {each.fault}")
    lines = [f"#### {each.name}", "", f"{each.page['title']}. *{each.instrument}*", ""]
    told = [(key, text) for key, text in catalogue.dates(each) if each.date(key)]
    told += [(key, text) for key, text in catalogue.coverage(each.policy.covers)]
    if each.policy.strength != 1.0:
        told.append(("strength", catalogue.value_text(each.policy.strength)))
    told += [
        (f"`{p.fact.name}`", f"{catalogue.value_text(p.value)}{_unit(p)}")
        for p in catalogue.parameters(each.cls, each.page)
        if p.written
    ]
    lines += [f"- {key}: {text}" for key, text in told]
    lines += ["- sources:", *(f"  - {source}" for source in each.page["sources"])]
    return [*lines, ""]


def _unit(each: Parameter) -> str:
    return f" ({each.fact.unit})" if each.fact.unit else ""


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
