#!/usr/bin/env python3
"""Compares walkshed with Valhalla on one extract: import of streets, 15-minute walksheds, and matrices, over HTTP.

    python3.12 -m venv venv && venv/bin/pip install pyvalhalla==3.9.1 osmium
    sudo apt-get install wrk                      # optional, for the requests per second
    cargo build --release
    venv/bin/python benches/peers/valhalla.py target/release/walkshed city.osm.pbf

The wheel of pyvalhalla (Python 3.12 or later) contains the executables `valhalla_build_tiles` and `valhalla_service`, with
the HTTP service. Both servers run at the same time and are asked in turn, the same places by the same client: one connection
that is kept alive, one request after another. The requests per second are those of wrk with 16 connections. Neither side
imports elevation. Both walk at 4.8 km/h. Takes some two minutes, and leaves no files and no processes.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

# Instead of the folder of this file, whose name is that of the package.
sys.path[0] = str(Path(__file__).resolve().parent.parent)
import harness
from harness import MATRIX, WALKSHED, Walkshed, Work, answers, graphql, measure, milliseconds, point

SPEED_KMH = 4.8
COSTING = {"costing": "pedestrian", "costing_options": {"pedestrian": {"walking_speed": SPEED_KMH}}}


def executable(name):
    import valhalla

    return str(Path(valhalla.__file__).parent / "bin" / name)


def configure(folder, port):
    """Writes the configuration of Valhalla and returns its path."""
    command = [sys.executable, "-m", "valhalla.valhalla_build_config", "--mjolnir-tile-dir", f"{folder}/tiles", "--mjolnir-tile-extract", ""]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"valhalla_build_config: {done.stderr}")
    config = json.loads(done.stdout)
    config["mjolnir"]["concurrency"] = os.cpu_count()
    config["httpd"]["service"].update(
        listen=f"tcp://127.0.0.1:{port}", loopback=f"ipc://{folder}/loopback", interrupt=f"ipc://{folder}/interrupt",
        drain_seconds=1, shutdown_seconds=1,
    )
    for service in ["loki", "thor", "odin", "meili"]:
        config[service].setdefault("service", {})["proxy"] = f"ipc://{folder}/{service}"
        config[service]["logging"] = {"type": "", "long_request": 1e9}
    config["logging"] = {"type": ""}
    config["service_limits"]["pedestrian"].update(max_matrix_location_pairs=10_000, max_locations=1000)
    path = folder / "valhalla.json"
    path.write_text(json.dumps(config))
    return path


def build_tiles(config, extract, folder):
    """Imports the extract into Valhalla and returns the seconds."""
    subprocess.run(["rm", "-rf", str(folder / "tiles")], check=True)
    began = time.perf_counter()
    done = subprocess.run([executable("valhalla_build_tiles"), "-c", str(config), extract], capture_output=True, text=True)
    seconds = time.perf_counter() - began
    if done.returncode != 0:
        raise SystemExit(f"valhalla_build_tiles: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return seconds


def imports(walkshed, config, extract, folder):
    """Returns the seconds of the imports: the best of up to five, as disks and caches only add."""
    ours, theirs = [], []
    began = time.perf_counter()
    while len(ours) < 5 and (len(ours) < 1 or time.perf_counter() - began < 30):
        Path(walkshed.data, "streets.walkshed").unlink(missing_ok=True)
        ours.append(walkshed.call("import", "streets", extract))
        theirs.append(build_tiles(config, extract, folder))
    return min(ours), min(theirs)


def pairs(ours, theirs):
    """Returns how many pairs of the sampled matrices both know, and the median ratio of their times."""
    known, ratios = 0, []
    for a, b in zip(ours.samples, theirs.samples):
        for row, other in zip(a["data"]["travelTimes"]["minutes"], b["sources_to_targets"]["durations"]):
            for minutes, seconds in zip(row, other):
                if minutes is not None and seconds is not None:
                    known += 1
                    if minutes > 1:
                        ratios.append(seconds / 60 / minutes)
    ratios.sort()
    return known, ratios[len(ratios) // 2] if ratios else float("nan")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("walkshed", help="the walkshed binary")
    parser.add_argument("extract", help="an OpenStreetMap extract, .osm.pbf")
    options = parser.parse_args()
    network = harness.streets(options.extract)
    all_places = harness.places(network, 20_000, 5)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        walkshed = Walkshed(options.walkshed, folder / "data")
        ports = harness.free_port(), harness.free_port()
        config = configure(folder, ports[1])
        ours, theirs = imports(walkshed, config, options.extract, folder)
        rows = [["import of the streets, PBF to prepared file", f"{ours:.2f} s", "", f"{theirs:.2f} s", "", f"{theirs / ours:.1f}", "", ""]]
        service = [executable("valhalla_service"), str(config), str(os.cpu_count())]
        status = "/status"
        with walkshed.serve(ports[0], folder / "walkshed.log"), harness.running(service, ports[1], status, log=folder / "valhalla.log"):
            rows += compare(ports, all_places)
    print(f"\n{Path(options.extract).name}, {harness.system()}. Latencies in ms, of one connection; requests/s with 16 connections.\n")
    harness.table(
        ["", "walkshed, median", "95 %; 99 %", "Valhalla, median", "95 %; 99 %", "ratio", "walkshed, requests/s", "Valhalla, requests/s"], rows
    )


def compare(ports, all_places):
    spots = all_places[:400]
    location = lambda p: {"lon": p[0], "lat": p[1]}
    isochrones = [
        {"locations": [location(p)], "contours": [{"time": 15}], "polygons": True, **COSTING} for p in spots
    ]
    polygon = lambda answer: answer["features"][0]["geometry"]["type"] in ("Polygon", "MultiPolygon")
    works = [(
        "15-minute walkshed with polygon",
        Work("walkshed", ports[0], "/graphql", [graphql(WALKSHED, p=point(p)) for p in spots], answers("walkshed", "bands", 0)),
        Work("Valhalla", ports[1], "/isochrone", isochrones, polygon),
    )]
    # All within 1.5 km of one place, so that both find every pair.
    for name, origins, destinations, count in [("matrix 1 x 50", 1, 50, 200), ("matrix 100 x 100", 100, 100, 10)]:
        lists = harness.matrices(all_places, origins, destinations, 1500, count)
        mine = [graphql(MATRIX, a=[point(p) for p in a], b=[point(p) for p in b]) for a, b in lists]
        theirs = [{"sources": [location(p) for p in a], "targets": [location(p) for p in b], "verbose": False, **COSTING} for a, b in lists]
        works.append((
            name,
            Work("walkshed", ports[0], "/graphql", mine, answers("travelTimes", "minutes", 0)),
            Work("Valhalla", ports[1], "/sources_to_targets", theirs, lambda answer: "sources_to_targets" in answer),
        ))
    rows = []
    for name, mine, theirs in works:
        measure([mine, theirs])
        percentiles = lambda work: f"{milliseconds(work.share(0.95))}; {milliseconds(work.share(0.99))}"
        rows.append([
            name, milliseconds(mine.median()), percentiles(mine), milliseconds(theirs.median()), percentiles(theirs),
            f"{theirs.median() / mine.median():.1f}", harness.throughput(mine), harness.throughput(theirs),
        ])
        if name.startswith("matrix"):
            known, ratio = pairs(mine, theirs)
            print(f"{name}: {known} sampled pairs known to both; Valhalla's times are {ratio:.2f} of walkshed's at the median", flush=True)
    return rows


if __name__ == "__main__":
    main()
