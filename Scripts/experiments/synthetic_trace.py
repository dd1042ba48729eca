#!/usr/bin/env python3
"""Makes profiles/experiments/synthetic-cellular.trace: half a minute of a cellular link that never was, in mahimahi's format.

Usage: Scripts/experiments/synthetic_trace.py > profiles/experiments/synthetic-cellular.trace
The rate walks at random between 0.2 and 6 Mbit/s, a new one every 0.2 s, its logarithm pulled towards 1.5 Mbit/s; from 11 s to
14 s nothing goes. The same seed gives the same trace.
"""

import math
import random

SECONDS, STEP, GAP = 30, 0.2, (11.0, 14.0)
LEAST, MIDDLE, MOST = 0.2e6, 1.5e6, 6e6

generator = random.Random(1)
level, credit = math.log(MIDDLE), 0.0
for millisecond in range(1, SECONDS * 1000 + 1):
    if (millisecond - 1) % round(STEP * 1000) == 0:
        level += 0.15 * (math.log(MIDDLE) - level) + generator.gauss(0, 0.45)
        level = min(math.log(MOST), max(math.log(LEAST), level))
    if GAP[0] * 1000 <= millisecond < GAP[1] * 1000:
        continue
    credit += math.exp(level) / 1000 / 12000
    while credit >= 1:
        credit -= 1
        print(millisecond)
