#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Reads metrics of namespaces that metrics.c made up, with Prometheus' own parsers.

    metrics.py TOP OPENMETRICS PROMETHEUS OPENMETRICS-WITHOUT-NAMESPACES
"""

import json
import pathlib
import re
import sys

from prometheus_client import parser
from prometheus_client.openmetrics import parser as openmetrics

def read(parse, path):
    """{(name, labels): value}, and {family: (type, unit)}."""
    text = pathlib.Path(path).read_text(encoding="utf-8")
    families = list(parse(text))
    return ({(s.name, frozenset(s.labels.items())): float(s.value)
             for f in families for s in f.samples},
            {f.name: (f.type, f.unit) for f in families})


def main():
    """Asserts; a failure shows itself."""
    top = pathlib.Path(sys.argv[1])
    values, families = read(openmetrics.text_string_to_metric_families, sys.argv[2])
    old, old_families = read(parser.text_string_to_metric_families, sys.argv[3])
    none, _ = read(openmetrics.text_string_to_metric_families, sys.argv[4])
    histogram = "ipcns_namespace_teardown_seconds"

    def value(name, **labels):
        return values[name, frozenset(labels.items())]

    def named(ns, **labels):
        return {"nsid": str(ns), "ns": str(4026532000 + ns), "unit": "", **labels}

    others = {"nsid": "other", "ns": "other", "unit": "other"}
    assert values == old, set(values) ^ set(old)
    assert {n: t for n, (t, _) in families.items()} == {n: t for n, (t, _) in old_families.items()}
    for name, (_, unit) in families.items():
        assert not unit or name.endswith(f"_{unit}"), name

    assert [value("ipcns_namespaces", state=state) for state in ("active", "pinned", "dying")] == [
        44, 4, 2]
    assert value("ipcns_objects", kind="shm") == sum(range(1, 51))
    assert value("ipcns_object_bytes", kind="shm") == 4096 * sum(i * i for i in range(1, 51))
    assert value("ipcns_namespace_objects", **named(50, kind="sem")) == 100
    assert value("ipcns_namespace_object_bytes", **named(49, kind="shm")) == 4096 * 49 * 49
    assert value("ipcns_semaphores") == 3 * sum(range(1, 51))
    assert value("ipcns_namespace_semaphores", **named(50)) == 150
    assert value("ipcns_namespace_semaphores", **others) == 3 * sum(range(1, 48))
    assert value("ipcns_messages", kind="mq") == 5 * sum(range(1, 51))
    assert value("ipcns_namespace_messages", **named(49, kind="mq")) == 245
    assert value("ipcns_namespace_shm_resident_bytes", **named(48)) == 7 * 48
    assert value("ipcns_namespace_shm_resident_bytes", **others) == 7 * (sum(range(1, 48)) - 2)
    assert ("ipcns_shm_resident_bytes", frozenset()) not in values
    fives = range(5, 51, 5)
    assert {tuple(sorted(labels)): v for (name, labels), v in values.items()
            if name == "ipcns_orphans" and v} == {
                (("certainty", "likely"), ("kind", "sem")): sum(fives),
                (("certainty", "sure"), ("kind", "shm")): len(fives)}
    assert value("ipcns_orphan_bytes", kind="shm") == sum(fives)
    assert value("ipcns_namespace_orphans", **named(40, kind="sem")) == 40
    assert value("ipcns_namespace_orphans", **{**others, "kind": "shm"}) == len(fives) - 3
    assert value("ipcns_namespace_orphan_bytes", **{**others, "kind": "shm"}) == sum(fives) - 135
    for family in ("ipcns_namespace_objects", "ipcns_namespace_object_bytes"):
        for kind in ("shm", "sem"):
            total = values.get((family.replace("_namespace", ""), frozenset({("kind", kind)})))
            parts = [v for (name, labels), v in values.items()
                     if name == family and ("kind", kind) in labels]
            assert total is None or sum(parts) == total, (family, kind)
    assert value("ipcns_namespace_limit_use_ratio", **named(49, limit="SEMMNI")) == 0.98
    assert value("ipcns_limit_use_max_ratio", limit="SEMMNI") == 0.98
    assert value("ipcns_limit_use_max_ratio", limit="MAXIPCNS") == 0.8
    assert value("ipcns_limit_use_max_ratio", limit="RLIMIT_MSGQUEUE") == 1
    users = {tuple(sorted(labels)): v for (name, labels), v in values.items()
             if name == "ipcns_user_limit_use_ratio"}
    assert users == {(("limit", "RLIMIT_MSGQUEUE"), ("user", str(4000000 + user)), ("userns", "0")):
                     1 for user in (1, 2, 3)}, users
    assert value("ipcns_namespace_pinned_age_seconds", **named(40)) == 4000
    assert value("ipcns_pinned_age_max_seconds") == 4000
    assert value("ipcns_namespace_dying_age_seconds", **named(25)) == 25
    assert value("ipcns_dying_age_max_seconds") == 50
    assert value("ipcns_events_dropped_total") == 3
    assert value("ipcns_probe_missed_total", symbol="put_ipc_ns") == 5
    assert families[histogram] == ("histogram", "seconds"), families[histogram]
    assert {dict(labels)["le"]: v for (name, labels), v in values.items()
            if name == f"{histogram}_bucket"} == {
                "0.000000001": 3, "0.025": 10, "1.0": 11, "3600.0": 11, "+Inf": 12}
    assert value(f"{histogram}_count") == 12
    assert abs(value(f"{histogram}_sum") - 7200.000000001) < 1e-9
    module, = [dict(labels) for name, labels in values if name == "ipcns_build_info"]
    assert module["module"] == '1 "\\\n\\xff\xe4', module

    # --top: that many namespaces in each family, and totals all the same.
    for family in families:
        ids = {dict(labels).get("nsid") for name, labels in values if name == family}
        assert len(ids - {None, "other"}) <= 3, family
    assert none == {key: v for key, v in values.items()
                    if not {"nsid", "user"} & dict(key[1]).keys()}

    # What rules, dashboard and manual speak of is there; module figures may be left out.
    known = {name for name, _ in values}
    source = "".join(path.read_text(encoding="utf-8")
                     for path in top.glob("user/commands/metrics*.c"))
    counters = set(re.findall(r'prometheus_counter\(x, "(ipcns_\w+)', source)) | {
        name for name, true in re.findall(r'{ "(ipcns_\w+)"[^}]*?(true)?(?:, 1)? }', source)
        if true}
    series = {histogram + suffix for suffix in ("_bucket", "_count", "_sum")}
    every = {name + "_total" * (name in counters) for name in
             re.findall(r'"(ipcns_[a-z_]+)"', source)}
    assert known <= every | series, known - every
    json.loads((top / "packaging/prometheus/ipcns.dashboard.json").read_text(encoding="utf-8"))
    for path in (*top.glob("packaging/prometheus/*"), top / "man/ipcnsctl.8"):
        spoken = set(re.findall(r"\bipcns_[a-z_]+", path.read_text(encoding="utf-8")))
        assert spoken <= every | series, (path, spoken - every)
    assert every == spoken, every - spoken


if __name__ == "__main__":
    main()
