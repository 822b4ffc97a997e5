"""Every lint rule finds a bad sample and leaves a good one alone. Run: python3 scripts/lint/lint_test.py"""

import sys
import tempfile
import textwrap
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import banned
import catalogue
import coroutines
import layering
import sabotage
import sizes
from cpp import Source, classify, mark_test_only
from finding import Finding, read_exceptions, without_exceptions

LAYERS = {"base": set(), "runtime": {"base"}, "net": {"runtime", "base"}, "engine": {"runtime", "base"}}


def source(text: str, path: str = "src/engine/sample.cc") -> Source:
    return Source(path, textwrap.dedent(text))


def rules(findings) -> list[str]:
    return [finding.rule for finding in findings]


class Layering(unittest.TestCase):
    def test_an_arrow_that_points_up_is_found(self):
        found = layering.check_source(source('#include "engine/plan.h"\n', "src/runtime/loop.h"), LAYERS)
        self.assertEqual(rules(found), ["layering"])
        self.assertEqual(found[0].line, 1)

    def test_an_arrow_that_points_down_is_not(self):
        self.assertEqual(layering.check_source(source('#include "base/error.h"\n'), LAYERS), [])

    def test_a_sideways_arrow_is_found(self):
        self.assertEqual(
            rules(layering.check_source(source('#include "net/http.h"\n'), LAYERS)), ["layering"]
        )

    def test_a_module_that_is_not_declared_is_found(self):
        self.assertEqual(rules(layering.check_source(source("", "src/utopia/a.cc"), LAYERS)), ["layering"])

    def test_an_include_without_its_module_is_found(self):
        self.assertEqual(rules(layering.check_source(source('#include "plan.h"\n'), LAYERS)), ["layering"])

    def test_a_commented_include_is_not(self):
        self.assertEqual(layering.check_source(source('// #include "net/http.h"\n'), LAYERS), [])

    def test_a_test_may_reach_what_its_module_reaches_indirectly(self):
        layers = {"a": set(), "b": {"a"}, "c": {"b"}}
        include = '#include "a/x.h"\n'
        self.assertEqual(layering.check_source(source(include, "src/c/x_test.cc"), layers), [])
        self.assertEqual(rules(layering.check_source(source(include, "src/c/x.cc"), layers)), ["layering"])

    def test_cmake_may_not_name_what_the_sources_may_not_include(self):
        text = "godwit_module(engine DEPENDS base net LIBRARIES fmt::fmt)"
        found = layering.check_cmake("src/engine/CMakeLists.txt", text, LAYERS)
        self.assertEqual(rules(found), ["layering"])
        self.assertIn("`net`", found[0].message)

    def test_the_table_has_no_cycle(self):
        layers = layering.read_layers(Path(__file__).with_name("layers.txt"))
        for module in layers:
            for below in layers[module] - {module}:
                self.assertNotIn(module, layering.reachable(layers, below), f"{module} <-> {below}")

    def test_asio_outside_net_is_found(self):
        text = "#include <boost/asio/post.hpp>\n"
        self.assertEqual(rules(layering.check_source(source(text), LAYERS)), ["asio"])
        self.assertEqual(layering.check_source(source(text, "src/net/a.cc"), LAYERS), [])

    def test_beast_in_a_header_is_found(self):
        text = "#pragma once\n#include <boost/beast/http.hpp>\n"
        self.assertEqual(rules(layering.check_source(source(text, "src/net/a.h"), LAYERS)), ["beast"])

    def test_a_fifth_file_with_beast_is_found(self):
        files = [source("#include <boost/beast/http.hpp>\n", f"src/net/{name}.cc") for name in "abcde"]
        self.assertEqual(layering.check_beast_count(files[:4]), [])
        self.assertEqual(rules(layering.check_beast_count(files)), ["beast"])


class Coroutines(unittest.TestCase):
    def offences(self, line: str) -> list[str]:
        return rules(coroutines.check(source(f"Task<> f() {{\n    {line}\n}}\n")))

    def test_bad_expressions_are_found(self):
        for line in (
            "co_await pool.run([s] { return s; });",
            "co_await run([&]() { return 1; }, x);",
            "co_await f(Options{.size = 1});",
            "co_await f({1, 2});",
            "co_await f(Key(name));",
            "co_await f(model::Key(name));",
            'co_await f(std::string("x"));',
            "co_await f(std::vector<int>(3));",
            "GODWIT_CO_TRY(auto x, co_await store.stat(context, Key(name), false));",
            "if (auto r = co_await f(Key(name)); !r) co_return r;",
        ):
            self.assertEqual(self.offences(line), ["co_await"], line)

    def test_good_expressions_are_left_alone(self):
        for line in (
            'co_await f(x, 1, "text", std::move(y));',
            "GODWIT_CO_TRY(auto x, co_await store.stat(context, key, false));",
            "auto r = co_await list[i].next(context);",
            "co_await f(std::span(bytes).first(n));",
            "if (co_await ready(x)) { go(); }",
            "while (auto page = co_await listing->next(context)) { use(*page); }",
            "co_await std::move(task);",
            "co_await f(ErrorKind::Busy, kPartBytesMin, Clock::now());",
            "co_await f(g(x), h());",
        ):
            self.assertEqual(self.offences(line), [], line)

    def test_text_in_comments_and_strings_is_not_code(self):
        self.assertEqual(self.offences('log("co_await f({1})");  // co_await f({2})'), [])


class Banned(unittest.TestCase):
    def found(self, line: str, path: str = "src/engine/sample.cc") -> list[str]:
        return rules(banned.check(source(f"void f() {{\n    {line}\n}}\n", path)))

    def test_each_banned_call_is_found(self):
        for line in (
            "std::this_thread::sleep_for(1s);",
            "usleep(5);",
            "::sleep(n);",
            "sleep(3);",
            "int r = rand();",
            "std::random_device device;",
            "try { g(); } catch (...) {}",
            "auto* p = new Thing;",
            "delete p;",
            "using namespace std;",
            "strcpy(a, b);",
            "int n = std::atoi(text);",
            "auto n = std::stoul(text);",
            "system(command);",
            "assert(x > 0);",
            "thread.detach();",
            "auto& c = Config::instance();",
            "std::cout << x;",
            "printf(text);",
            'auto* home = std::getenv("HOME");',
            "std::abort();",
        ):
            self.assertEqual(self.found(line), ["banned"], line)

    def test_what_only_looks_alike_is_left_alone(self):
        for line in (
            "co_await sleep(context, wait);",
            "loop.sleep(wait);",
            "std::unique_ptr<Thing> p(new Thing(x));",
            "return std::unique_ptr<Thing>(new Thing(x));",
            "Thing(const Thing&) = delete;",
            "catch (const std::exception& e) {}",
            "static_assert(kMax > 0);",
            "renew(lease); new_state(x);",
            'fmt::format("delete {}", x);',
            "system_clock();",
            "using namespace std::chrono_literals;",
        ):
            self.assertEqual(self.found(line), [], line)

    def test_the_edge_of_the_process_may_print_and_read_the_environment(self):
        self.assertEqual(self.found('std::getenv("HOME");', "src/app/environment.cc"), [])

    def test_headers_of_another_standard_library_are_found(self):
        self.assertEqual(rules(banned.check(source("#include <format>\n"))), ["banned"])

    def test_notes_to_self_need_an_issue(self):
        self.assertEqual(self.found("// TODO: later"), ["remark"])
        self.assertEqual(self.found("// FIXME broken"), ["remark"])
        self.assertEqual(self.found("// TODO(#12): with the second store"), [])

    def test_a_header_without_pragma_once_is_found(self):
        self.assertEqual(rules(banned.check(source("int x;\n", "src/base/x.h"))), ["remark"])

    def test_empty_names_and_capitals_in_file_names_are_found(self):
        self.assertEqual(rules(banned.check(source("", "src/engine/utils.cc"))), ["name"])
        self.assertEqual(rules(banned.check(source("", "src/helper/x.cc"))), ["name"])
        self.assertEqual(rules(banned.check(source("", "src/engine/RetryLoop.cc"))), ["name"])


class Sizes(unittest.TestCase):
    def long_function(self, lines: int) -> Source:
        return source("int f() {\n" + "    g();\n" * (lines - 2) + "}\n")

    def test_a_function_over_the_limit_is_found(self):
        self.assertEqual(rules(sizes.check_each([self.long_function(100)], {})), [])
        found = sizes.check_each([self.long_function(101)], {})
        self.assertEqual(rules(found), ["size"])
        self.assertIn("101 lines", found[0].message)

    def test_an_exception_holds_for_its_function_only(self):
        long = self.long_function(120)
        self.assertEqual(sizes.check_each([long], {"src/engine/sample.cc f": "one table"}), [])
        found = sizes.check_each([long], {"src/engine/sample.cc g": "one table"})
        self.assertEqual(rules(found), ["size", "size"])

    def test_an_exception_without_a_reason_is_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "long_functions.txt"
            path.write_text("src/a.cc f\n")
            with self.assertRaises(ValueError):
                read_exceptions(path)
            path.write_text("# remark\nsrc/a.cc f: one flat table\n")
            self.assertEqual(read_exceptions(path), {"src/a.cc f": "one flat table"})

    def test_a_long_median_and_a_long_tail_are_found(self):
        self.assertEqual(sizes.check_statistics([3] * 99 + [60]), [])
        self.assertEqual(rules(sizes.check_statistics([9] * 100)), ["size"])
        self.assertEqual(rules(sizes.check_statistics([3] * 90 + [60] * 10)), ["size"])

    def test_tests_do_not_count(self):
        test = source(self.long_function(30).text, "src/engine/sample_test.cc")
        self.assertEqual(sizes.lengths([test]), [])

    def test_a_file_with_more_than_one_idea_is_found(self):
        self.assertEqual(rules(sizes.check_files([source("\n" * 701)])), ["size"])


class Exceptions(unittest.TestCase):
    FOUND = Finding("src/a.cc", 3, "banned", "x")

    def test_an_excepted_rule_is_quiet_in_its_file_only(self):
        other = Finding("src/b.cc", 3, "banned", "x")
        left = without_exceptions([self.FOUND, other], {"src/a.cc banned": "it is the edge"})
        self.assertEqual(left, [other])

    def test_an_exception_that_is_not_needed_is_found(self):
        self.assertEqual(rules(without_exceptions([], {"src/a.cc banned": "it was the edge"})), ["banned"])


class TestOnly(unittest.TestCase):
    def test_a_header_that_only_tests_include_is_theirs(self):
        stub = source("", "src/s3/stub.h")
        shared = source("", "src/s3/shared.h")
        deeper = source("", "src/s3/deeper.h")
        stub.text = '#include "s3/deeper.h"\n'
        test = source('#include "s3/stub.h"\n#include "s3/shared.h"\n', "src/s3/a_test.cc")
        user = source('#include "s3/shared.h"\n', "src/s3/a.cc")
        mark_test_only([stub, shared, deeper, test, user])
        self.assertEqual(
            [stub.is_test, shared.is_test, deeper.is_test, user.is_test], [True, False, True, False]
        )


class Functions(unittest.TestCase):
    def names(self, text: str) -> list[tuple[str, int]]:
        return [(function.name, function.lines) for function in source(text).functions]

    def test_functions_are_found_in_all_their_forms(self):
        text = """\
            namespace a::b {
            namespace {
            constexpr int kTable[] = {1, 2};
            struct Options { int x = 0; std::string name{}; };
            enum class Kind : std::uint8_t { A, B };
            }  // namespace
            #define LOOP(x) { x; {
            template <class T>
            Task<Result<T>> Sink<T>::commit(Context& c,
                                            int n) const& {
                if (n) { go({n}); }
                co_return {};
            }
            class [[nodiscard]] Thing final : public Base<int(int)> {
              public:
                explicit Thing(int a) : a_{a}, b_(std::move(a)) { init(); }
                ~Thing() override {}
                bool operator()(int x) const { return x; }
                friend auto operator<=>(const Thing&, const Thing&) = default;
                auto size() const noexcept -> std::size_t { return 1; }
                explicit operator bool() const { return true; }
              private:
                int a_{3};
                std::function<void(int)> done_ = [](int) {
                };
            };
            const auto kDouble = [](int x) { return 2 * x; };
            extern "C" {
            void c_api(void* p) {
            }
            }
            }
            """
        self.assertEqual(
            self.names(text),
            [
                ("Sink<T>::commit", 6),
                ("Thing", 1),
                ("~Thing", 1),
                ("operator()", 1),
                ("size", 1),
                ("operator bool", 1),
                ("done_", 2),
                ("kDouble", 1),
                ("c_api", 2),
            ],
        )

    def test_braces_in_strings_and_comments_are_not_braces(self):
        text = 'void f() {\n    g("{", R"x({{)x", \'{\');  // {\n    /* { */\n}\nint h() { return 1\'000; }\n'
        self.assertEqual(self.names(text), [("f", 4), ("h", 1)])

    def test_tests_have_both_their_names(self):
        self.assertEqual(self.names("TEST(RetryLoop, gives_up) {\n}\n"), [("RetryLoop.gives_up", 2)])

    def test_values_are_not_functions(self):
        self.assertEqual(classify("std::array<int, 3> kSizes"), "value")
        self.assertEqual(classify("const std::map<int, int> kMap ="), "value")
        self.assertEqual(classify("Foo::Foo(int a) : a_"), "value")
        self.assertEqual(classify("Foo::Foo(int a) : a_{a}"), "function")
        self.assertEqual(classify("struct alignas(64) Slot"), "scope")


class Sabotage(unittest.TestCase):
    HEADER = 'BUG(skip_sync, "no sync") \\\nBUG(skip_check, "no check")\n'
    TABLE = '[caught_by]\nskip_sync = ["posix_test:A.b"]\nskip_check = ["posix_test:A.c"]\n'
    USES = "if (!GODWIT_SABOTAGE(skip_sync)) sync();\nif (GODWIT_SABOTAGE(skip_check)) return;\n"

    def messages(self, header: str, table: str, uses: str) -> list[str]:
        return [finding.message for finding in sabotage.check(header, table, [source(uses)])]

    def test_bugs_that_are_planted_and_caught_are_right(self):
        self.assertEqual(self.messages(self.HEADER, self.TABLE, self.USES), [])

    def test_a_bug_that_is_planted_nowhere_is_found(self):
        only_said = self.USES.replace("if (G", "// if (G")
        self.assertEqual(self.messages(self.HEADER, self.TABLE, only_said), ["`skip_check` is planted nowhere"])

    def test_a_bug_that_no_test_catches_is_found(self):
        table = self.TABLE.replace('["posix_test:A.c"]', "[]")
        self.assertEqual(self.messages(self.HEADER, table, self.USES), ["no test catches `skip_check`"])

    def test_a_test_for_a_bug_that_is_none_is_found(self):
        table = self.TABLE + 'skip_all = ["posix_test:A.d"]\n'
        self.assertEqual(self.messages(self.HEADER, table, self.USES), ["`skip_all` is no planted bug"])


class Catalogue(unittest.TestCase):
    """A document of every row; `replaced` rows stand in place of those that wait for something."""

    def document(self, **replaced: str) -> str:
        lines = [replaced.get(row, f"| {row} | something breaks | | not yet |") for row in catalogue.ROWS]
        return "".join(f"{line}\n" for line in lines if line)

    def messages(self, document: str, tests=()) -> list[str]:
        return [finding.message for finding in catalogue.check(document, list(tests))]

    def test_names_bear_one_number_or_several_or_none(self):
        cpp = "TEST(Walk, A5_goes_on) {}\nTEST_F(Disk, C23_C28_full) {}\nTEST(Walk, AES_256) {}\n//TEST(Walk, A6_x)\n"
        found = catalogue.tests_of("src/posix/walk_test.cc", cpp)
        self.assertEqual(
            [(test.program, test.name, test.line, test.rows) for test in found],
            [("posix_test", "Walk.A5_goes_on", 1, ("A5",)), ("posix_test", "Disk.C23_C28_full", 2, ("C23", "C28"))],
        )
        python = "def test_h74_h76_kill(x):\n    def test_a1_inner(): ...\ndef test_a_7():\n    ...\n"
        found = catalogue.tests_of("tests/e2e/test_kill.py", python)
        self.assertEqual(
            [(test.program, test.rows) for test in found], [("test_kill.py", ("H74", "H76")), ("test_kill.py", ("A1",))]
        )

    def test_a_test_whose_name_is_on_the_next_line_is_found(self):
        self.assertEqual(len(catalogue.tests_of("src/a/x_test.cc", "TEST(\n    Walk, A5_goes_on) {}")), 1)

    def test_what_is_filled_in_is_right(self):
        tests = catalogue.tests_of("src/posix/walk_test.cc", "TEST(Walk, A5_B16_goes_on) {}")
        self.assertEqual(len(self.messages(self.document(), tests)), 2)
        self.assertEqual(self.messages(catalogue.filled(self.document(), tests), tests), [])

    def test_a_test_that_does_not_exist_is_found(self):
        row = "| A5 | something breaks | posix_test: `Walk.A5_goes_on` | |"
        self.assertEqual(self.messages(self.document(A5=row)), [
            "the tests of A5 are others: python3 scripts/lint --fill-catalogue",
            "A5 has no test, and no word about why",
        ])  # fmt: skip

    def test_a_row_without_a_test_says_why(self):
        self.assertEqual(
            self.messages(self.document(B13="| B13 ● | something breaks | | |")), ["B13 has no test, and no word about why"]
        )

    def test_a_missing_a_repeated_and_a_misplaced_row_are_found(self):
        self.assertIn("A7", self.messages(self.document(A7=""))[0])
        twice = "| A7 | something breaks | | not yet |"
        self.assertIn("A7", self.messages(self.document(A7=f"{twice}\n{twice}"))[0])
        self.assertIn("order", self.messages(self.document(A7="| A8 | x | | y |", A8="| A7 | x | | y |"))[0])

    def test_a_number_that_is_no_row_is_found_but_an_invariant_is_not(self):
        tests = catalogue.tests_of("src/a/x_test.cc", "TEST(X, A13_y) {}\nTEST(X, B5_y) {}\nTEST(X, I2_y) {}\n")
        self.assertEqual(
            self.messages(self.document(), tests),
            ["X.A13_y: A13 is no row of the catalogue", "X.B5_y: B5 is no row of the catalogue"],
        )


if __name__ == "__main__":
    unittest.main()
