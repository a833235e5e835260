"""Measures connectivity: random places that reach nothing, people on streets that are cut off, coverage per profile.

    walkshed serve --data DIR &
    python3 benches/reached.py http://127.0.0.1:8080/graphql
    python3 benches/reached.py http://127.0.0.1:8080/graphql --regions 500103,500105,500106

Requires only Python. Without --regions, places are distributed evenly over the bounding box of the streets; with it, over
the population cells of these regions. A place reaches nothing if it has less than one kilometre of street within 30
minutes. Places farther than 300 m from every street are not counted. The same seed gives the same places.
"""

import argparse
import json
import random
import urllib.request

PROFILES = ["ADULT", "BICYCLE", "WHEELCHAIR", "STROLLER"]


def ask(url, query):
    request = urllib.request.Request(
        url, json.dumps({"query": query}).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def places_of(url, arguments):
    """Generates places as GraphQL inputs."""
    chosen = random.Random(arguments.seed)
    if not arguments.regions:
        bounds = ask(url, "{ dataset { streets { bounds { west south east north } } } }")
        b = bounds["data"]["dataset"]["streets"]["bounds"]
        for _ in range(arguments.places):
            lon = chosen.uniform(b["west"], b["east"])
            lat = chosen.uniform(b["south"], b["north"])
            yield f"{{point: {{lon: {lon:.7f}, lat: {lat:.7f}}}}}"
        return
    regions = arguments.regions.split(",")
    for region in regions:
        answer = ask(
            url,
            f'{{ coverage(need: {{category: HEALTH_CARE}}, region: "{region}") {{ cells(first: 1000) {{ nodes {{ cell }} }} }} }}',
        )
        cells = [node["cell"] for node in answer["data"]["coverage"]["cells"]["nodes"]]
        for cell in chosen.sample(cells, min(len(cells), arguments.places // len(regions))):
            yield f'{{cell: "{cell}"}}'


def reached(url, places, profile):
    """Returns the number of places near a street, and how many of them reach nothing."""
    on_streets = nothing = 0
    # A bicycle reaches more streets, so one request can include fewer places.
    step = 2 if profile == "BICYCLE" else 20
    for start in range(0, len(places), step):
        fields = " ".join(
            f"p{n}: walkshed(from: {place}, minutes: [30], profile: {profile}) {{ streetKm }}"
            for n, place in enumerate(places[start : start + step])
        )
        answer = ask(url, f"{{ {fields} }}")
        if "data" not in answer:
            raise SystemExit(answer["errors"][0]["message"])
        data = answer["data"] or {}
        for value in data.values():
            if value is not None:
                on_streets += 1
                nothing += value["streetKm"] < 1.0
    return on_streets, nothing


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url")
    parser.add_argument("--places", type=int, default=3000)
    parser.add_argument("--regions", help="codes of regions, separated by commas")
    parser.add_argument("--seed", type=int, default=13)
    arguments = parser.parse_args()
    url = arguments.url
    places = list(places_of(url, arguments))
    print(f"{len(places)} places")
    for profile in PROFILES:
        on_streets, nothing = reached(url, places, profile)
        print(
            f"{profile.lower():10}  {on_streets} within 300 m of a street, {nothing} of them reach nothing"
            f" ({100 * nothing / max(on_streets, 1):.2f} %)"
        )
    for profile in PROFILES:
        answer = ask(
            url, f"{{ coverage(need: {{category: HEALTH_CARE}}, profile: {profile}) {{ total {{ people covered share }} }} }}"
        )
        total = answer["data"]["coverage"]["total"]
        print(
            f"{profile.lower():10}  health care within 15 minutes: {total['covered']:.0f} of {total['people']:.0f} people"
            f" ({100 * total['share']:.2f} %)"
        )
    answer = ask(
        url,
        "{ dataset { streets { cutOff { pieces joined people facilities peopleWithoutExit facilitiesWithoutExit"
        " peopleInRestrictedZones facilitiesInRestrictedZones } } } }",
    )
    if answer.get("data"):
        print("cut off     " + json.dumps(answer["data"]["dataset"]["streets"]["cutOff"]))
    else:
        print("cut off     not available in this version")


main()
