#!/usr/bin/env python3
"""The same work done by pandana and scipy, on the same graph, and the ratios.

    WALKSHED_EXPORT=/tmp/graph cargo bench --bench coverage
    python3 -m venv venv && venv/bin/pip install pandana==0.8 scipy pandas numpy
    venv/bin/python benches/peers/peers.py /tmp/graph/coverage
    venv/bin/python benches/peers/peers.py /tmp/graph/coverage-of-Porto-Alegre

The bench makes the demonstration city, measures walkshed and writes the graph (times of an adult in tenths of a second);
the same for Porto Alegre where its files are to hand.
walkshed's figures are read from where criterion keeps them ($CARGO_TARGET_DIR/criterion, or target/criterion). The tools know
junctions alone: facilities and people stand at the nearer end of their street segment. Where walkshed is timed, they stand on it.
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
    """Seconds of one of walkshed's benchmarks; None where it was not run."""
    path = target / name.replace(" ", "_").replace(",", "_") / "new" / "estimates.json"
    for candidate in [path, target / name / "new" / "estimates.json"]:
        if candidate.exists():
            return json.loads(candidate.read_text())["mean"]["point_estimate"] / 1e9
    return None


def timed(work):
    began = time.perf_counter()
    result = work()
    return time.perf_counter() - began, result


def told(what, name, peers):
    mine = ours(name)
    print(f"{what}\n    walkshed            " + (f"{mine:9.3f} s" if mine else "(run the bench first)"))
    for peer, seconds in peers:
        print(f"    {peer:20}{seconds:9.3f} s" + (f"   {seconds / mine:6.1f} times as long" if mine else ""))


lon, lat = read("lon.f64", "<f8"), read("lat.f64", "<f8")
arcs = read("arcs.u32", "<u4").reshape(-1, 3)
at = {c: read(f"{c}.u32", "<u4") for c in CATEGORIES}
people_at, people = read("people_at.u32", "<u4"), read("people.f64", "<f8")
sites_at = read("sites_at.u32", "<u4")
print(f"{len(lon)} junctions, {len(arcs)} arcs, {sum(map(len, at.values()))} facilities, {os.cpu_count()} cores")

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
# The two agree where there is one facility to a place: a check that both were asked the same.
theirs = found["health_care"][1].to_numpy()
both = (theirs < LIMIT) & np.isfinite(alone)
print(f"pandana and scipy agree to a second for {np.mean(np.abs(theirs[both] - alone[both]) < 1.0):.4%} of the junctions\n")
if ours("the nearest of a category for all junctions"):
    told("the nearest of one category for all junctions", "the nearest of a category for all junctions", [("scipy dijkstra", one)])
told(
    f"3 nearest of each of {len(CATEGORIES)} categories for all junctions", "3 nearest of each category for all junctions",
    [("pandana, query step", asking), ("pandana, set + query", setting + asking)],
)

preparing, _ = timed(lambda: network.precompute(900.0))
network.set(pd.Series(people_at.astype(np.int64)), variable=pd.Series(people), name="people")
summing, _ = timed(lambda: network.aggregate(900.0, type="sum", decay="flat", name="people"))
rng = np.random.default_rng(1)
SAMPLE = 300
some = rng.choice(len(lon), SAMPLE, replace=False)
searching, _ = timed(lambda: [dijkstra(graph, indices=int(v), limit=900.0) for v in some])
told(
    "sum of people within 900 s of every junction", "sum of people within 900 s of every junction",
    [
        ("pandana, both steps", preparing + summing),
        ("pandana, aggregate", summing),
        (f"scipy, from {SAMPLE}", searching * len(lon) / SAMPLE),
    ],
)

# People who reach each of many places: from the place against the arcs, and the people at the junctions found.
weight = np.bincount(people_at, weights=people, minlength=len(lon))
some = rng.choice(len(sites_at), min(SAMPLE, len(sites_at)), replace=False)


def catchments():
    return [weight[np.isfinite(dijkstra(reverse, indices=int(sites_at[s]), limit=900.0))].sum() for s in some]


reaching, _ = timed(catchments)
told(
    f"catchments of {len(sites_at)} places, people within 15 minutes", "catchments, people within 15 minutes",
    [("pandana, both steps", preparing + summing), (f"scipy, from {len(some)}", reaching * len(sites_at) / len(some))],
)

# The next 20 sites among all cells with people: a search from each, then greed over a sparse matrix.
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


def greed():
    for _ in range(20):
        best = int(np.argmax(lists @ waiting))
        waiting[lists.indices[lists.indptr[best]:lists.indptr[best + 1]]] = 0.0


choosing, _ = timed(greed)
scale = len(cells) / len(near)
name = "the next 20 sites of the whole city, new" if GROUP == "coverage" else "the next 20 sites, new"
told("the next 20 sites", name, [(f"scipy, from {len(near)}", (finding + choosing) * scale)])
