#!/usr/bin/env python3
"""Generates crates/walkshed-analysis/tests/reference/measures.json: access measures computed with other software.

    python3 -m venv venv && venv/bin/pip install access==1.1.10.post3 numpy pandas geopandas
    venv/bin/python crates/walkshed-analysis/tests/reference/measures.py > crates/walkshed-analysis/tests/reference/measures.json

The floating catchment areas and the gravity sums come from PySAL's `access`. Gini and Palma are computed with numpy from
their definitions, person by person.
"""
import importlib.metadata as versions
import json

import numpy as np
import pandas as pd
from access.fca import two_stage_fca, weighted_catchment

LIMIT = 15.0
rng = np.random.default_rng(20261125)
CELLS, SITES = 60, 12
people = rng.integers(0, 400, CELLS).astype(float)
supply = rng.integers(1, 50, SITES).astype(float)
# Minutes rounded to tenths of a second, like in the engine; some are exactly at the limit.
minutes = np.round(rng.gamma(3.0, 6.0, (CELLS, SITES)) * 600) / 600
minutes[rng.random((CELLS, SITES)) < 0.02] = LIMIT

demand_df = pd.DataFrame({"demand": people}, index=pd.RangeIndex(CELLS, name="geoid"))
supply_df = pd.DataFrame({"supply": supply}, index=pd.RangeIndex(SITES, name="geoid"))
cost_df = pd.DataFrame(
    [(i, j, minutes[i, j]) for i in range(CELLS) for j in range(SITES)], columns=["origin", "dest", "cost"]
)

decays = {
    "none": lambda t: 1.0,
    "exponential": lambda t: np.exp(-0.1 * t),
    "power": lambda t: np.maximum(t, 1.0) ** -1.5,
    "gaussian": lambda t: np.exp(-(t**2) / (2 * 6.0**2)),
    "logistic": lambda t: 1 / (1 + np.exp((t - 8.0) / 2.0)),
}


def by_cell(series):
    return [float(series.get(i, 0.0)) for i in range(CELLS)]


def fca(weight):
    return by_cell(two_stage_fca(demand_df, supply_df, cost_df, max_cost=LIMIT, weight_fn=weight))


def gravity(weight):
    return by_cell(
        weighted_catchment(
            supply_df.reset_index(), cost_df, max_cost=LIMIT, cost_source="dest", cost_dest="origin", loc_value="supply",
            weight_fn=weight,
        )
    )


def inequality(values):
    """Computes Gini from the mean difference of all pairs of people, and the shares from the sorted list."""
    each = np.sort(np.repeat(values, people.astype(int)))
    n = len(each)
    gini = np.abs(each[:, None] - each[None, :]).sum() / (2 * n * n * each.mean())
    curve = np.concatenate([[0], np.cumsum(each)]) / each.sum()
    at = lambda share: float(np.interp(share, np.arange(n + 1) / n, curve))
    return {"gini": float(gini), "palma": (1 - at(0.9)) / at(0.4), "lorenz": [at(k / 20) for k in range(21)]}


out = {
    "made_with": {name: versions.version(name) for name in ("access", "numpy", "pandas")},
    "limit": LIMIT,
    "people": people.tolist(),
    "supply": supply.tolist(),
    "deciseconds": np.round(minutes * 600).astype(int).tolist(),
    "gravity": {name: gravity(decay) for name, decay in decays.items()},
    "two_step": {name: fca(decay) for name, decay in decays.items()},
}
out["inequality"] = inequality(np.array(out["two_step"]["none"]))
print(json.dumps(out))
