#!/usr/bin/env python3
"""Measures how walkshed grows with the city: demonstration cities of 1, 2, 4 and 8 times the streets.

    cargo build --release
    python3 benches/growth.py target/release/walkshed

Requires only Python. For each scale, generates the city, imports its streets and tables again with the ordinary
commands, starts the server, and asks about the same kind of places: facilities and centers spread over the whole city. Prints a
Markdown table. Times are followed by the seconds on all cores, on which other load has little effect. What should grow in
proportion to the city is followed by the growth since scale 1, of those seconds or of the size, divided by the growth of the
junctions: 1.0 is linear. Takes some ten minutes and 6 GB in the temporary folder, and leaves no files and no processes.
"""

import argparse
import json
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import harness
from harness import Connection, Walkshed, Work, answers, graphql, milliseconds

TABLES = ["regions", "centers", "facilities", "services", "offers", "events", "visits", "suggestions", "population"]
NEARBY = "query($p: PlaceInput!) { nearby(from: $p, first: 20) { edges { minutes node { id name category } } } }"
WALKSHED = "query($p: PlaceInput!) { walkshed(from: $p, minutes: [15], direction: FROM) { bands { polygon } } }"
COVERAGE = "query($c: Category!) { coverage(need: { category: $c, minutes: 15 }) { total { people covered } } }"
CATEGORIES = ["HEALTH_CARE", "LIFE_SERVICES", "CULTURE_SPORTS", "ELDERLY_CARE", "LIFELONG_EDUCATION", "EMPLOYMENT", "COMMUNITY_GOVERNANCE"]


def start_seconds(walkshed, port):
    """Returns the time of a start until the first answer, in seconds and on all cores, the best of three; and the memory in MB."""
    best, memory = (float("inf"), 0.0), 0.0
    for _ in range(3):
        began = time.perf_counter()
        command = [walkshed.program, "serve", "--data", walkshed.data, "--listen", f"127.0.0.1:{port}"]
        with harness.running(command, port, "/health/ready", every=0.005) as process:
            best = min(best, (time.perf_counter() - began, harness.cpu_seconds(process)))
            # Work that goes on after the first answer.
            time.sleep(3)
            memory = harness.memory_mb(process)
    return best, memory


def import_seconds(program, city, folder):
    """Imports the files of a city into an empty folder. Returns the times of the streets and of all tables, each in seconds and on
    all cores."""
    walkshed = Walkshed(program, folder)
    elevation = [part for name in ["elevation-core.tif", "elevation.tif"] for part in ["--elevation", str(city / name)]]
    streets = walkshed.call("import", "streets", str(city / "streets.osm.pbf"), *elevation), walkshed.cpu
    tables = [0.0, 0.0]
    for kind in TABLES:
        path = city / ("regions.geojson" if kind == "regions" else f"{kind}.csv")
        tables[0] += walkshed.call("import", kind, str(path))
        tables[1] += walkshed.cpu
    return streets, tables


def places(port):
    """Returns the codes of 300 centers spread over the city."""
    connection, found, after = Connection(port), [], None
    text = "query($after: String) { centers(first: 1000, after: $after) { nodes { code } pageInfo { endCursor hasNextPage } } }"
    while True:
        body = harness.request(port, "/graphql", graphql(text, after=after))
        page = harness.check("centers", *connection.send(body), answers("centers"))["data"]["centers"]
        found += [node["code"] for node in page["nodes"]]
        if not page["pageInfo"]["hasNextPage"]:
            return found[:: max(1, len(found) // 300)]
        after = page["pageInfo"]["endCursor"]


def coverage_seconds(port, process):
    """Returns the time of the coverage of one category over the whole city, in seconds and on all cores: the median of all
    categories. Each is asked once, so that none is cached."""
    connection, times = Connection(port), []
    for category in CATEGORIES:
        body = harness.request(port, "/graphql", graphql(COVERAGE, c=category))
        began, before = time.perf_counter(), harness.cpu_seconds(process)
        answer = connection.send(body)
        times.append((time.perf_counter() - began, harness.cpu_seconds(process) - before))
        people = harness.check("coverage", *answer, answers("coverage"))["data"]["coverage"]["total"]
        if not 0 < people["covered"] <= people["people"]:
            raise SystemExit(f"coverage: {people}")
    return [statistics.median(column) for column in zip(*times)]


def measure(program, scale, temporary):
    """Returns the figures of one city by name."""
    folder, city = temporary / f"data-{scale}", temporary / f"city-{scale}"
    walkshed = Walkshed(program, folder)
    command = [walkshed.program, "--json", "demo", "--scale", str(scale), "--export", str(city), "--data", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"walkshed demo --scale {scale}: {done.stdout}{done.stderr}")
    made = json.loads(done.stdout)
    streets, tables = import_seconds(program, city, temporary / f"again-{scale}")
    port = harness.free_port()
    start, memory = start_seconds(walkshed, port)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6
    with walkshed.serve(port) as process:
        codes = places(port)
        point = lambda code: {"center": code}
        nearby = Work("nearby", port, "/graphql", [graphql(NEARBY, p=point(c)) for c in codes], answers("nearby"))
        sheds = Work("walkshed", port, "/graphql", [graphql(WALKSHED, p=point(c)) for c in codes], answers("walkshed", "bands", 0))
        harness.measure([nearby, sheds])
        coverage = coverage_seconds(port, process)
    return {
        "junctions": made["streets"]["vertices"], "facilities": made["facilities"], "size": size, "streets": streets, "tables": tables,
        "start": start, "memory": memory, "nearby": nearby.median(), "walkshed": sheds.median(), "coverage": coverage,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("walkshed", help="the walkshed binary")
    parser.add_argument("--scales", default="1,2,4,8", help="scales, separated by commas (default 1,2,4,8)")
    options = parser.parse_args()
    found = []
    for scale in options.scales.split(","):
        with tempfile.TemporaryDirectory() as temporary:
            found.append((scale, measure(options.walkshed, scale, Path(temporary))))
        print(f"scale {scale}: {found[-1][1]}", flush=True)
    first = found[0][1]

    def linear(figures, name, form):
        """Formats a size or a time, with its growth relative to that of the junctions."""
        value, base = figures[name], first[name]
        text = form(value) if isinstance(value, float) else f"{form(value[0])}; {form(value[1])}"
        grown = value / base if isinstance(value, float) else value[1] / base[1]
        growth = grown / (figures["junctions"] / first["junctions"])
        return text if figures is first else f"{text} ({growth:.1f})"

    whole, seconds = "{:,.0f}".format, "{:.1f}".format

    print(f"\n{harness.system()}\n")
    harness.table(
        ["scale", "junctions", "facilities", "data, MB", "import of streets, s", "import of tables, s", "start, s", "memory, MB", "nearby, ms", "walkshed, ms", "one need, ms"],
        [[
            scale, f"{f['junctions']:,}", f"{f['facilities']:,}", linear(f, "size", whole), linear(f, "streets", seconds),
            linear(f, "tables", seconds), linear(f, "start", "{:.2f}".format), linear(f, "memory", whole),
            milliseconds(f["nearby"]), milliseconds(f["walkshed"]), linear(f, "coverage", milliseconds),
        ] for scale, f in found],
    )


if __name__ == "__main__":
    main()
