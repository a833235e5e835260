#!/usr/bin/env python3
"""Measures a walkshed server with wrk from a second process: requests per second and latencies at 1, 16 and 256
connections, uncompressed and with gzip.

    sudo apt-get install wrk
    python3 -m venv venv && venv/bin/pip install osmium
    cargo build --release
    venv/bin/python benches/wrk.py target/release/walkshed city.osm.pbf

Imports the streets of the extract into a temporary folder and 100,000 facilities at places on them, of which some 900 of
the category are within 15 minutes of a place. Server and wrk share the cores. Takes some two minutes.
"""

import argparse
import shutil
import tempfile
from pathlib import Path

import harness
from harness import MATRIX, NEARBY, WALKSHED, Walkshed, Work, answers, graphql, point


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("walkshed", help="the walkshed binary")
    parser.add_argument("extract", help="an OpenStreetMap extract, .osm.pbf")
    parser.add_argument("--reached", type=int, default=900, help="facilities of the category in reach of a place (default 900)")
    parser.add_argument("--seconds", type=int, default=3, help="duration of each measurement (default 3)")
    options = parser.parse_args()
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is not installed: sudo apt-get install wrk")
    network = harness.streets(options.extract)
    all_places = harness.places(network, 20_000, 5)
    spots = all_places[:400]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        walkshed = Walkshed(options.walkshed, folder / "data")
        walkshed.call("import", "streets", options.extract)
        share = harness.prepare_facilities(walkshed, network, folder / "facilities.csv", options.reached)
        port = harness.free_port()
        with walkshed.serve(port, folder / "walkshed.log"):
            lists = harness.matrices(all_places, 1, 50, 1500, 200)
            matrices = [graphql(MATRIX, a=[point(p) for p in a], b=[point(p) for p in b]) for a, b in lists]
            rows = []
            for name, bodies, valid in [
                ("`{ __typename }`", [{"query": "{ __typename }"}], answers("__typename")),
                ("`nearby`, 20 rows of 4 fields", [graphql(NEARBY % "", p=point(p)) for p in spots], answers("nearby")),
                ("15-minute walkshed with polygon", [graphql(WALKSHED, p=point(p)) for p in spots], answers("walkshed", "bands", 0)),
                ("matrix 1 x 50", matrices, answers("travelTimes", "minutes", 0)),
            ]:
                work = Work(name, port, "/graphql", bodies, valid)
                for coding in [None, "gzip"]:
                    for connections in [1, 16, 256]:
                        rate, *latencies, _ = work.wrk(connections, options.seconds, coding)
                        rows.append([name, coding or "identity", str(connections), f"{rate:,.0f}", *(f"{ms:.2f}" for ms in latencies)])
    print(f"\n{Path(options.extract).name}, {harness.FACILITIES} facilities, {share:.0%} of the category, {harness.system()}\n")
    harness.table(["", "coding", "connections", "requests/s", "median, ms", "95 %", "99 %", "longest"], rows)


if __name__ == "__main__":
    main()
