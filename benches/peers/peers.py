#!/usr/bin/env python3
"""Runs the same analyses with pandana and scipy on the same graph and prints the ratios.

    WALKSHED_EXPORT=/tmp/graph cargo bench --bench coverage
    python3 -m venv venv && venv/bin/pip install pandana==0.8 scipy pandas numpy
    venv/bin/python benches/peers/peers.py /tmp/graph/coverage
    venv/bin/python benches/peers/peers.py /tmp/graph/coverage-of-Porto-Alegre

The benchmark creates the demonstration city, measures walkshed and exports the graph (travel times of an adult in
deciseconds). It does the same for Porto Alegre if its files are available.
Reads walkshed's figures from criterion's folder ($CARGO_TARGET_DIR/criterion, or target/criterion). The other tools support
only vertices, so facilities and people are moved to the nearer end of their street segment; in walkshed they are on it.
"""
import json
import os
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

folder = Path(sys.argv[1])
GROUP = (folder / "group.txt").read_text()
target = Path(os.environ.get("CARGO_TARGET_DIR", "target")) / "criterion" / GROUP
CATEGORIES = [
    c for c in [
        "community_governance", "life_services", "culture_sports", "health_care", "elderly_care", "lifelong_education",
        "employment",
    ] if (folder / f"{c}.u32").exists()
]


def read(name, kind):
    return np.fromfile(folder / name, dtype=kind)


def ours(name):
    """Returns the seconds of one of walkshed's benchmarks, or None if it was not run."""
    path = target / name.replace(" ", "_").replace(",", "_") / "new" / "estimates.json"
    for candidate in [path, target / name / "new" / "estimates.json"]:
        if candidate.exists():
            return json.loads(candidate.read_text())["mean"]["point_estimate"] / 1e9
    return None


def timed(work):
    began = time.perf_counter()
    result = work()
    return time.perf_counter() - began, result


def report(what, name, peers):
    mine = ours(name)
    print(f"{what}\n    walkshed            " + (f"{mine:9.3f} s" if mine else "(run the bench first)"))
    for peer, seconds in peers:
        print(f"    {peer:20}{seconds:9.3f} s" + (f"   {seconds / mine:6.1f} times as long" if mine else ""))


lon, lat = read("lon.f64", "<f8"), read("lat.f64", "<f8")
arcs = read("arcs.u32", "<u4").reshape(-1, 3)
at = {c: read(f"{c}.u32", "<u4") for c in CATEGORIES}
people_at, people = read("people_at.u32", "<u4"), read("people.f64", "<f8")
sites_at = read("sites_at.u32", "<u4")
print(f"{len(lon)} vertices, {len(arcs)} arcs, {sum(map(len, at.values()))} facilities, {os.cpu_count()} cores")

import pandana  # noqa: E402

network = pandana.Network(
    pd.Series(lon), pd.Series(lat), pd.Series(arcs[:, 0].astype(np.int64)), pd.Series(arcs[:, 1].astype(np.int64)),
    pd.DataFrame({"seconds": arcs[:, 2] / 10.0}), twoway=False,
)
LIMIT = 7200.0


def set_pois():
    for c in CATEGORIES:
        network.set_pois(c, LIMIT, 3, pd.Series(lon[at[c]]), pd.Series(lat[at[c]]))


def nearest():
    return {c: network.nearest_pois(LIMIT, c, num_pois=3) for c in CATEGORIES}


setting, _ = timed(set_pois)
asking, found = timed(nearest)

from scipy.sparse import csr_matrix  # noqa: E402
from scipy.sparse.csgraph import dijkstra  # noqa: E402

graph = csr_matrix((arcs[:, 2] / 10.0 + 1e-9, (arcs[:, 0], arcs[:, 1])), shape=(len(lon), len(lon)))
reverse = graph.T.tocsr()
one, alone = timed(lambda: dijkstra(reverse, indices=np.unique(at["health_care"]), min_only=True, limit=LIMIT))
# Both should agree; the printed share checks that they got the same input.
theirs = found["health_care"][1].to_numpy()
both = (theirs < LIMIT) & np.isfinite(alone)
print(f"pandana and scipy agree within one second for {np.mean(np.abs(theirs[both] - alone[both]) < 1.0):.4%} of the vertices\n")
if ours("nearest of one category for all vertices"):
    report("nearest of one category for all vertices", "nearest of one category for all vertices", [("scipy dijkstra", one)])
report(
    f"3 nearest of each of {len(CATEGORIES)} categories for all vertices", "3 nearest of each category for all vertices",
    [("pandana, query step", asking), ("pandana, set + query", setting + asking)],
)

preparing, _ = timed(lambda: network.precompute(900.0))
network.set(pd.Series(people_at.astype(np.int64)), variable=pd.Series(people), name="people")
summing, _ = timed(lambda: network.aggregate(900.0, type="sum", decay="flat", name="people"))
rng = np.random.default_rng(1)
SAMPLE = 300
some = rng.choice(len(lon), SAMPLE, replace=False)
searching, _ = timed(lambda: [dijkstra(graph, indices=int(v), limit=900.0) for v in some])
report(
    "sum of people within 900 s of every vertex", "sum of people within 900 s of every vertex",
    [
        ("pandana, both steps", preparing + summing),
        ("pandana, aggregate", summing),
        (f"scipy, from {SAMPLE}", searching * len(lon) / SAMPLE),
    ],
)

# People who reach each site: a reverse search from the site, and the people at the vertices found.
weight = np.bincount(people_at, weights=people, minlength=len(lon))
some = rng.choice(len(sites_at), min(SAMPLE, len(sites_at)), replace=False)


def catchments():
    return [weight[np.isfinite(dijkstra(reverse, indices=int(sites_at[s]), limit=900.0))].sum() for s in some]


reaching, _ = timed(catchments)
report(
    f"catchments of {len(sites_at)} sites, people within 15 minutes", "catchments, people within 15 minutes",
    [("pandana, both steps", preparing + summing), (f"scipy, from {len(some)}", reaching * len(sites_at) / len(some))],
)

# The next 20 sites among all populated cells: a search from each, then a greedy selection over a sparse matrix.
cells = np.unique(people_at)
near = rng.choice(cells, min(SAMPLE, len(cells)), replace=False)


def columns(sample):
    at_cell = np.full(len(lon), -1)
    at_cell[cells] = np.arange(len(cells))
    rows = [at_cell[np.flatnonzero(np.isfinite(dijkstra(reverse, indices=int(v), limit=900.0)))] for v in sample]
    return [r[r >= 0] for r in rows]


finding, found_rows = timed(lambda: columns(near))
from scipy.sparse import csr_matrix as sparse  # noqa: E402

waiting = weight[cells].copy()
lists = sparse(
    (np.ones(sum(map(len, found_rows))), np.concatenate(found_rows), np.cumsum([0] + [len(r) for r in found_rows])),
    shape=(len(near), len(cells)),
)


def select_greedily():
    for _ in range(20):
        best = int(np.argmax(lists @ waiting))
        waiting[lists.indices[lists.indptr[best]:lists.indptr[best + 1]]] = 0.0


choosing, _ = timed(select_greedily)
scale = len(cells) / len(near)
name = "next 20 sites of the whole city, uncached" if GROUP == "coverage" else "next 20 sites, uncached"
report("next 20 sites", name, [(f"scipy, from {len(near)}", (finding + choosing) * scale)])
