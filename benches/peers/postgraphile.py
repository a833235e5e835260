#!/usr/bin/env python3
"""Compares `nearby` of walkshed with PostGraphile and PostGIS, over HTTP: 20 rows of 4 fields among 100,000 facilities.

    sudo apt-get install postgresql postgresql-15-postgis-3 wrk        # Debian 12; wrk is optional
    npm install postgraphile@4                                         # Node 18 or later
    python3 -m venv venv && venv/bin/pip install osmium
    cargo build --release
    venv/bin/python benches/peers/postgraphile.py target/release/walkshed city.osm.pbf node_modules/.bin/postgraphile

walkshed searches the streets; PostGIS measures the straight line: the nearest facilities (`ORDER BY place <-> here`, with a
GiST index) of one category within the distance that is walked in 15 minutes, the first 20. The facilities are at places on the
streets of the extract, the same for both. The script starts a PostgreSQL cluster in a temporary folder, as the user
postgres if it runs as root. Both servers run at the same time and are asked in turn, the same places by the same client: one
connection that is kept alive, one request after another. The requests per second are those of wrk with 16 connections.
Takes some two minutes, and leaves no files and no processes.
"""

import argparse
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import harness
from harness import NEARBY, Walkshed, Work, answers, graphql, measure, milliseconds, point

MINUTES = 15
METRES = 4.8 / 60 * MINUTES * 1000
"""Walked at walkshed's level speed."""

SCHEMA = """
CREATE EXTENSION postgis;
CREATE SCHEMA data;
CREATE SCHEMA app;
CREATE TABLE data.loaded (id text, name text, category text, lon double precision, lat double precision);
\\copy data.loaded FROM '{file}' WITH (FORMAT csv, HEADER)
CREATE TABLE data.facility (id text PRIMARY KEY, name text NOT NULL, category text NOT NULL, place geography(Point, 4326) NOT NULL);
INSERT INTO data.facility SELECT id, name, category, ST_SetSRID(ST_MakePoint(lon, lat), 4326)::geography FROM data.loaded;
CREATE INDEX ON data.facility USING gist (place);
ANALYZE data.facility;
CREATE TYPE app.neighbour AS (key text, name text, category text, metres double precision);
CREATE FUNCTION app.nearby(lon double precision, lat double precision, metres double precision, category text)
RETURNS SETOF app.neighbour LANGUAGE sql STABLE AS $$
    SELECT f.id, f.name, f.category, f.place <-> ST_SetSRID(ST_MakePoint(lon, lat), 4326)::geography
    FROM data.facility f
    WHERE f.category = nearby.category AND ST_DWithin(f.place, ST_SetSRID(ST_MakePoint(lon, lat), 4326)::geography, metres)
    ORDER BY f.place <-> ST_SetSRID(ST_MakePoint(lon, lat), 4326)::geography
$$;
"""
PEER = (
    "query($lon: Float!, $lat: Float!) { nearby(lon: $lon, lat: $lat, metres: %.0f, category: \"%s\", first: 20) "
    "{ %s nodes { key name category metres } } }"
)


def programs():
    """Returns the folder of PostgreSQL's programs."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[4]))
    if found:
        return found[-1].parent
    if path := shutil.which("initdb"):
        return Path(path).parent
    raise SystemExit("PostgreSQL is not installed: sudo apt-get install postgresql postgresql-15-postgis-3")


@contextlib.contextmanager
def cluster(folder):
    """Runs PostgreSQL in a folder until the block ends, and returns a function that runs SQL."""
    bin, data = programs(), folder / "cluster"
    data.mkdir(mode=0o700)
    other = []
    if os.geteuid() == 0:
        # initdb refuses to run as root.
        shutil.chown(data, "postgres", "postgres")
        shutil.chown(folder, "postgres", "postgres")
        other = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]

    def run(*command, **options):
        done = subprocess.run([*other, *map(str, command)], capture_output=True, text=True, cwd=folder, **options)
        if done.returncode != 0:
            raise SystemExit(f"{command[0]}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
        return done.stdout

    run(bin / "initdb", "-D", data, "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync")
    settings = ["listen_addresses=", f"unix_socket_directories={folder}", "shared_buffers=512MB", "jit=off", "fsync=off"]
    command = [*other, bin / "postgres", "-D", data, *(f"--{setting}" for setting in settings)]
    with open(folder / "postgres.log", "wb") as log:
        server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder, start_new_session=True)
    try:
        while subprocess.run([bin / "pg_isready", "-q", "-h", folder]).returncode != 0:
            if server.poll() is not None:
                raise SystemExit(f"postgres ended: {(folder / 'postgres.log').read_text()}")
            time.sleep(0.1)
        yield lambda text: run(bin / "psql", "-h", folder, "-U", "postgres", "-d", "postgres", "-v", "ON_ERROR_STOP=1", "-qAt", input=text)
    finally:
        # A fast shutdown: PostgreSQL ends its sessions first.
        server.send_signal(signal.SIGINT)
        server.wait()


def command_of(program, folder, port):
    """Returns the command that starts PostGraphile, and its version."""
    done = subprocess.run([program, "--version"], capture_output=True, text=True)
    version = done.stdout.strip().splitlines()[-1] if done.stdout.strip() else ""
    if done.returncode != 0 or not version:
        raise SystemExit(f"{program}: {done.stdout}{done.stderr}")
    if not version.startswith("4."):
        raise SystemExit(f"{program} is version {version}; the options and the schema here are those of version 4")
    connection = f"postgres:///postgres?host={folder}&user=postgres"
    options = ["-s", "app", "-p", str(port), "-n", "127.0.0.1", "--disable-graphiql", "--disable-query-log"]
    return [program, "-c", connection, *options], version


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("walkshed", help="the walkshed binary")
    parser.add_argument("extract", help="an OpenStreetMap extract, .osm.pbf")
    parser.add_argument("postgraphile", help="the program of PostGraphile")
    parser.add_argument("--reached", type=int, default=900, help="facilities of the category in reach of a place (default 900)")
    options = parser.parse_args()
    network = harness.streets(options.extract)
    spots = harness.places(network, 400, 5)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        walkshed = Walkshed(options.walkshed, folder / "data")
        walkshed.call("import", "streets", options.extract)
        file = folder / "facilities.csv"
        share = harness.prepare_facilities(walkshed, network, file, options.reached)
        folder.chmod(0o755)
        file.chmod(0o644)
        ports = harness.free_port(), harness.free_port()
        with cluster(folder) as sql:
            sql(SCHEMA.format(file=file))
            command, version = command_of(options.postgraphile, folder, ports[1])
            environment = {**os.environ, "NODE_ENV": "production", "GRAPHILE_ENV": "production"}
            typename = {"query": "{ __typename }"}
            with walkshed.serve(ports[0], folder / "walkshed.log"), harness.running(
                command, ports[1], "/graphql", typename, folder / "postgraphile.log", env=environment, cwd=Path(options.postgraphile).resolve().parent
            ):
                rows = compare(ports, spots)
                print(in_reach(ports, spots, share))
    print(f"\n{Path(options.extract).name}, {harness.FACILITIES} facilities, PostGraphile {version}, {harness.system()}.")
    print("Latencies in ms, of one connection; requests/s with 16 connections.\n")
    harness.table(
        ["", "walkshed, median", "95 %; 99 %", "PostGraphile, median", "95 %; 99 %", "ratio", "walkshed, requests/s", "PostGraphile, requests/s"],
        rows,
    )


def in_reach(ports, spots, share):
    """Describes how many facilities each side finds from a place."""
    bodies = [[graphql(NEARBY % "totalCount", p=point(p)) for p in spots], [peer("totalCount", p) for p in spots]]
    counts = []
    for port, list_ in zip(ports, bodies):
        connection = harness.Connection(port)
        found = [harness.check("count", *connection.send(harness.request(port, "/graphql", b)), answers("nearby")) for b in list_]
        counts.append(sorted(answer["data"]["nearby"]["totalCount"] for answer in found)[len(found) // 2])
    return (
        f"facilities of the category ({share:.0%} of all) within {MINUTES} minutes on foot: {counts[0]} at the median; "
        f"within {METRES:.0f} m in a straight line: {counts[1]}"
    )


def peer(more, place):
    return graphql(PEER % (METRES, harness.CATEGORY, more), lon=place[0], lat=place[1])


def compare(ports, spots):
    works = [(
        "`{ __typename }`",
        Work("walkshed", ports[0], "/graphql", [{"query": "{ __typename }"}], answers("__typename")),
        Work("PostGraphile", ports[1], "/graphql", [{"query": "{ __typename }"}], answers("__typename")),
    )]
    for name, more in [("`nearby`, 20 rows of 4 fields", ""), ("the same, with `totalCount`", "totalCount")]:
        works.append((
            name,
            Work("walkshed", ports[0], "/graphql", [graphql(NEARBY % more, p=point(p)) for p in spots], answers("nearby")),
            Work("PostGraphile", ports[1], "/graphql", [peer(more, p) for p in spots], answers("nearby")),
        ))
    rows = []
    percentiles = lambda work: f"{milliseconds(work.share(0.95))}; {milliseconds(work.share(0.99))}"
    for name, mine, theirs in works:
        measure([mine, theirs])
        rows.append([
            name, milliseconds(mine.median()), percentiles(mine), milliseconds(theirs.median()), percentiles(theirs),
            f"{theirs.median() / mine.median():.1f}", harness.throughput(mine), harness.throughput(theirs),
        ])
    return rows


if __name__ == "__main__":
    main()
