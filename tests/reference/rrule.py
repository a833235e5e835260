#!/usr/bin/env python3
"""Generates tests/reference/rrule.json: the occurrences of recurring events, computed by dateutil.

    python3 -m venv venv && venv/bin/pip install python-dateutil==4.0.0
    venv/bin/python tests/reference/rrule.py > tests/reference/rrule.json

Times are local times of Asia/Shanghai. A list with more than 40 times is truncated and ends with null.
"""
import importlib.metadata as versions
import json
from datetime import datetime, timedelta

from dateutil import tz
from dateutil.rrule import rrulestr

MAX_TIMES = 40
SHANGHAI = tz.gettz("Asia/Shanghai")
MONDAY, LEAP, END = "2026-01-05T09:00", "2024-02-29T18:30", "2026-01-31T08:00"

# (start, rule, days from the start to the beginning of the window, years in the window)
RULES = [
    # ends
    ("2026-11-02T09:00", "FREQ=DAILY;UNTIL=20261105", 0, 1),
    ("2026-11-02T09:00", "FREQ=DAILY;UNTIL=20261105T090000", 0, 1),
    ("2026-11-02T09:00", "FREQ=DAILY;UNTIL=20261105T085959", 0, 1),
    ("2026-11-02T09:00", "FREQ=DAILY;UNTIL=20261105T010000Z", 0, 1),
    ("2026-11-02T09:00", "FREQ=DAILY;UNTIL=20261105T005959Z", 0, 1),
    ("2026-11-02T07:00", "FREQ=DAILY;UNTIL=20261104T230000Z", 0, 1),
    ("2026-11-02T09:00", "FREQ=WEEKLY;UNTIL=20261130", 0, 1),
    ("2026-11-02T09:00", "FREQ=MONTHLY;UNTIL=20270302T090000", 0, 2),
    ("2026-11-02T09:00", "FREQ=YEARLY;UNTIL=20301102T090000", 0, 9),
    (MONDAY, "FREQ=DAILY;COUNT=10", 0, 1),
    (MONDAY, "FREQ=DAILY;COUNT=10", 5, 1),
    (MONDAY, "FREQ=DAILY;COUNT=1", 0, 1),
    (MONDAY, "FREQ=WEEKLY;COUNT=7;BYDAY=TU,TH", 0, 1),
    (MONDAY, "FREQ=MONTHLY;COUNT=5;BYMONTHDAY=31", 0, 2),
    (MONDAY, "FREQ=YEARLY;COUNT=3;BYMONTH=1,7", 0, 4),
    # daily
    (MONDAY, "FREQ=DAILY", 0, 1),
    (MONDAY, "FREQ=DAILY", 3000, 1),
    (MONDAY, "FREQ=DAILY;INTERVAL=3", 0, 1),
    (MONDAY, "FREQ=DAILY;INTERVAL=10", 5000, 1),
    (MONDAY, "FREQ=DAILY;INTERVAL=400", 4000, 9),
    (MONDAY, "FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR", 0, 1),
    (MONDAY, "FREQ=DAILY;BYMONTH=1", 0, 2),
    (MONDAY, "FREQ=DAILY;BYMONTHDAY=1,15,-1", 0, 1),
    (MONDAY, "FREQ=DAILY;BYHOUR=9,14,19", 0, 1),
    (MONDAY, "FREQ=DAILY;BYHOUR=9,14;BYMINUTE=0,30", 700, 1),
    (MONDAY, "FREQ=DAILY;BYHOUR=10;BYMINUTE=15;BYSECOND=30", 0, 1),
    (MONDAY, "FREQ=DAILY;BYHOUR=8,12,18;BYSETPOS=-1", 0, 1),
    (MONDAY, "FREQ=DAILY;INTERVAL=2;BYMONTH=2,3;BYDAY=SA,SU", 0, 3),
    # weekly
    (MONDAY, "FREQ=WEEKLY", 0, 1),
    (MONDAY, "FREQ=WEEKLY;BYDAY=FR", 0, 1),
    (MONDAY, "FREQ=WEEKLY;BYDAY=MO,WE,SU", 4000, 1),
    (MONDAY, "FREQ=WEEKLY;INTERVAL=2;BYDAY=SU", 0, 1),
    ("2026-01-07T09:00", "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=MO", 0, 1),
    ("2026-01-07T09:00", "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=SU", 0, 1),
    ("2026-01-04T09:00", "FREQ=WEEKLY;INTERVAL=3;BYDAY=SU,MO;WKST=WE", 0, 2),
    ("2026-01-04T09:00", "FREQ=WEEKLY;INTERVAL=3;BYDAY=SU,MO;WKST=WE", 3333, 2),
    (MONDAY, "FREQ=WEEKLY;BYMONTH=6,7,8;BYDAY=SA", 0, 2),
    (MONDAY, "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", 0, 1),
    (MONDAY, "FREQ=WEEKLY;BYDAY=TU,TH;BYSETPOS=1", 0, 1),
    (MONDAY, "FREQ=WEEKLY;INTERVAL=53", 0, 9),
    (MONDAY, "FREQ=WEEKLY;BYDAY=SA;BYHOUR=9,15;BYMINUTE=30", 0, 1),
    ("2025-12-29T09:00", "FREQ=WEEKLY;INTERVAL=2", 0, 2),
    # monthly
    ("2025-01-25T09:00", "FREQ=MONTHLY;BYMONTHDAY=25", 0, 3),
    (MONDAY, "FREQ=MONTHLY", 0, 3),
    (END, "FREQ=MONTHLY", 0, 3),
    (END, "FREQ=MONTHLY;BYMONTHDAY=-1", 0, 3),
    (END, "FREQ=MONTHLY;BYMONTHDAY=28,29,30", 0, 2),
    (END, "FREQ=MONTHLY;BYMONTHDAY=-31", 0, 3),
    (END, "FREQ=MONTHLY;INTERVAL=2;BYMONTHDAY=31", 0, 6),
    (END, "FREQ=MONTHLY;INTERVAL=5", 7000, 9),
    (MONDAY, "FREQ=MONTHLY;BYDAY=1SA", 0, 3),
    (MONDAY, "FREQ=MONTHLY;BYDAY=+2TU,-1FR", 0, 2),
    (MONDAY, "FREQ=MONTHLY;BYDAY=5WE", 0, 5),
    (MONDAY, "FREQ=MONTHLY;BYDAY=-4MO", 0, 3),
    (MONDAY, "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", 0, 3),
    (MONDAY, "FREQ=MONTHLY;BYDAY=SA,SU;BYSETPOS=1,-1", 0, 2),
    (MONDAY, "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", 0, 9),
    (MONDAY, "FREQ=MONTHLY;BYDAY=SU;BYMONTHDAY=8,9,10,11,12,13,14", 0, 3),
    (MONDAY, "FREQ=MONTHLY;BYMONTH=2,12;BYMONTHDAY=-1", 0, 9),
    (MONDAY, "FREQ=MONTHLY;INTERVAL=3;BYDAY=1MO,3MO", 0, 4),
    (MONDAY, "FREQ=MONTHLY;INTERVAL=18;BYMONTHDAY=10", 0, 20),
    (MONDAY, "FREQ=MONTHLY;BYMONTHDAY=1;BYHOUR=8,20", 0, 2),
    (MONDAY, "FREQ=MONTHLY;BYMONTHDAY=1,2,3;BYHOUR=8,20;BYSETPOS=2,-2", 0, 2),
    # yearly
    (MONDAY, "FREQ=YEARLY", 0, 9),
    (LEAP, "FREQ=YEARLY", 0, 40),
    (LEAP, "FREQ=YEARLY;INTERVAL=2", 0, 40),
    (LEAP, "FREQ=YEARLY;BYMONTHDAY=-1", 0, 3),
    (MONDAY, "FREQ=YEARLY;INTERVAL=3", 9000, 30),
    (MONDAY, "FREQ=YEARLY;BYMONTH=5,10", 0, 9),
    (MONDAY, "FREQ=YEARLY;BYMONTH=10;BYMONTHDAY=1,2,3", 0, 9),
    (MONDAY, "FREQ=YEARLY;BYMONTHDAY=15", 0, 3),
    (MONDAY, "FREQ=YEARLY;BYDAY=20MO", 0, 9),
    (MONDAY, "FREQ=YEARLY;BYDAY=-1SU", 0, 9),
    (MONDAY, "FREQ=YEARLY;BYDAY=53TH", 0, 40),
    (MONDAY, "FREQ=YEARLY;BYDAY=SU", 0, 1),
    (MONDAY, "FREQ=YEARLY;BYMONTH=5;BYDAY=2SU", 0, 9),
    (MONDAY, "FREQ=YEARLY;BYMONTH=3,9;BYDAY=-1SA,1SA", 0, 6),
    (MONDAY, "FREQ=YEARLY;BYMONTH=6;BYDAY=SA", 0, 6),
    (MONDAY, "FREQ=YEARLY;BYYEARDAY=1,100,-1", 0, 6),
    (MONDAY, "FREQ=YEARLY;BYYEARDAY=366", 0, 40),
    (MONDAY, "FREQ=YEARLY;BYYEARDAY=-366", 0, 40),
    (MONDAY, "FREQ=YEARLY;BYYEARDAY=60;BYMONTH=2", 0, 40),
    (MONDAY, "FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO", 0, 9),
    (MONDAY, "FREQ=YEARLY;BYWEEKNO=20", 0, 3),
    (MONDAY, "FREQ=YEARLY;BYWEEKNO=1;BYDAY=SU", 0, 9),
    (MONDAY, "FREQ=YEARLY;BYWEEKNO=1;BYDAY=MO", 0, 9),
    (MONDAY, "FREQ=YEARLY;BYWEEKNO=53;BYDAY=FR", 0, 40),
    (MONDAY, "FREQ=YEARLY;BYWEEKNO=-1;BYDAY=WE", 0, 9),
    (MONDAY, "FREQ=YEARLY;BYWEEKNO=10;BYDAY=SU;WKST=SU", 0, 9),
    (MONDAY, "FREQ=YEARLY;BYMONTH=1;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", 0, 9),
    (MONDAY, "FREQ=YEARLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1,-1", 0, 9),
    (MONDAY, "FREQ=YEARLY;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8;INTERVAL=4", 0, 30),
    (MONDAY, "FREQ=YEARLY;BYMONTH=1;BYMONTHDAY=1;BYHOUR=0;BYMINUTE=0", 0, 9),
    # long ago, and times before 1900
    ("1995-03-01T10:00", "FREQ=WEEKLY;INTERVAL=4;BYDAY=WE,FR", 11000, 1),
    ("1970-01-31T10:00", "FREQ=MONTHLY;INTERVAL=7;BYDAY=-1MO", 18000, 9),
    ("0001-01-01T09:00", "FREQ=DAILY;INTERVAL=7", 739000, 1),
    ("0001-01-31T09:00", "FREQ=MONTHLY;INTERVAL=7", 739000, 9),
    ("0004-02-29T09:00", "FREQ=YEARLY", 739000, 30),
    # lower case, signs, leading zeros
    (MONDAY, "freq=weekly;byday=mo,fr", 0, 1),
    (MONDAY, "FREQ=MONTHLY;BYMONTHDAY=+5,05,-05", 0, 1),
]


def times(starts, rule, after, years):
    first = datetime.fromisoformat(starts)
    start = first + timedelta(days=after)
    end = start + timedelta(days=366 * years)
    # UNTIL in UTC requires a start with a time zone.
    zone = SHANGHAI if rule.endswith("Z") else None
    found = rrulestr(rule, dtstart=first.replace(tzinfo=zone)).xafter(start.replace(tzinfo=zone), inc=True)
    list_ = []
    for at in found:
        if at.replace(tzinfo=None) >= end:
            break
        if len(list_) == MAX_TIMES:
            list_.append(None)
            break
        list_.append(at.replace(tzinfo=None).isoformat())
    return {
        "starts": starts,
        "rrule": rule,
        "from": start.isoformat(),
        "to": end.isoformat(),
        "occurrences": list_,
    }


cases = [times(*rule) for rule in RULES]
lines = ",\n".join("    " + json.dumps(case) for case in cases)
print('{\n  "made_by": "dateutil %s",\n  "cases": [\n%s\n  ]\n}' % (versions.version("python-dateutil"), lines))
