"""The closing line counts cases, and nothing that failed is lost. Run: python3 scripts/dev/count_tests_test.py"""

import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import count_tests

PROGRAM = """<testsuites><testsuite name="A">
<testcase name="good" classname="A" status="run" result="completed"/>
<testcase name="off" classname="A" status="notrun" result="suppressed"/>
<testcase name="skip" classname="A" status="run" result="skipped"><skipped message="no server"/></testcase>
{extra}</testsuite></testsuites>"""
BAD_CASE = '<testcase name="bad" classname="A" status="run"><failure message="1 != 2"/></testcase>'
CTEST = """<testsuite><testcase name="a_test" status="{status}">{inside}</testcase>
<testcase name="plain" status="run"/></testsuite>"""
CTEST_FAILURE = '<failure message="Exit 1"/><system-out>Segmentation fault</system-out>'


class CountTests(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.results = Path(folder.name)
        (self.results / "programs").mkdir()
        self.write("ctest.exit", "0\n")
        self.write("pytest.exit", "0\n")
        self.write("ctest.xml", CTEST.format(status="run", inside=""))

    def write(self, name: str, text: str):
        (self.results / name).write_text(text)

    def counts(self) -> tuple[int, int, int]:
        tally = count_tests.tally_programs(self.results)
        return tally.passed, len(tally.failures), len(tally.skips)

    def test_cases_count_and_not_programs(self):
        self.write("programs/a_test.xml", PROGRAM.format(extra=""))
        self.assertEqual(self.counts(), (2, 0, 1))

    def test_a_failed_case_counts_once(self):
        self.write("programs/a_test.xml", PROGRAM.format(extra=BAD_CASE))
        self.write("ctest.xml", CTEST.format(status="fail", inside=CTEST_FAILURE))
        self.assertEqual(self.counts(), (2, 1, 1))

    def test_a_test_may_leave_the_suffix_of_its_program_out(self):
        self.write("ctest.xml", '<testsuite><testcase name="a" status="run"/></testsuite>')
        self.write("programs/a_test.xml", PROGRAM.format(extra=""))
        self.assertEqual(self.counts(), (1, 0, 1))

    def test_a_program_that_died_without_telling_its_cases_is_a_failure(self):
        self.write("ctest.xml", CTEST.format(status="fail", inside=CTEST_FAILURE))
        self.assertEqual(self.counts(), (1, 1, 0))

    def test_a_program_that_died_after_its_cases_is_a_failure(self):
        self.write("programs/a_test.xml", PROGRAM.format(extra=""))
        self.write("ctest.xml", CTEST.format(status="fail", inside=CTEST_FAILURE))
        self.assertEqual(self.counts(), (2, 1, 1))

    def test_half_a_file_is_no_file(self):
        self.write("programs/a_test.xml", PROGRAM.format(extra="")[:90])
        self.write("ctest.xml", CTEST.format(status="fail", inside=CTEST_FAILURE))
        self.assertEqual(self.counts(), (1, 1, 0))

    def test_a_runner_that_failed_without_a_failed_test_is_a_failure(self):
        self.write("pytest.exit", "3\n")
        tally = count_tests.tally_runner(self.results, "pytest", count_tests.Tally(passed=4))
        self.assertEqual(len(tally.failures), 1)

    def test_a_runner_that_never_ran_is_a_failure(self):
        tally = count_tests.tally_runner(self.results, "nothing", count_tests.Tally())
        self.assertEqual(len(tally.failures), 1)


if __name__ == "__main__":
    unittest.main()
