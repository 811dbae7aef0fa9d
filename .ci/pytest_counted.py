# Runs pytest over the folders given and ends with `N passed, N failed`; a skipped test counts as failed.
# Refuses to pass when no test ran.
import sys

import pytest


class Counts:
    def __init__(self):
        self.passed = 0
        self.failed = 0

    def pytest_runtest_logreport(self, report):
        if report.failed or report.skipped:
            self.failed += 1
        elif report.when == "call":
            self.passed += 1

    def pytest_collectreport(self, report):
        if report.failed or report.skipped:
            self.failed += 1


counts = Counts()
status = pytest.main(["-p", "no:cacheprovider", *sys.argv[1:]], plugins=[counts])
if status != 0 and counts.failed == 0:
    counts.failed = 1
print(f"{counts.passed} passed, {counts.failed} failed")
sys.exit(0 if counts.failed == 0 else 1)
