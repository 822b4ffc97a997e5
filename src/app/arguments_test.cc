#include "app/arguments.h"

#include <gtest/gtest.h>

#include <map>

#include "app/exit_code.h"

namespace godwit::app {
namespace {

std::map<std::string, std::string> variables;

Environment environment() {
    return [](const std::string& name) -> std::optional<std::string> {
        auto found = variables.find(name);
        if (found == variables.end()) return {};
        return found->second;
    };
}

class Arguments : public testing::Test {
  protected:
    void SetUp() override { variables.clear(); }

    static Result<Invocation> parse(std::vector<std::string> arguments) {
        return parse_arguments(arguments, environment());
    }
    static Invocation parsed(std::vector<std::string> arguments) {
        Result<Invocation> invocation = parse(std::move(arguments));
        EXPECT_TRUE(invocation) << (invocation ? "" : invocation.error().message());
        return invocation ? std::move(*invocation) : Invocation();
    }
    static std::string refused(std::vector<std::string> arguments) {
        Result<Invocation> invocation = parse(std::move(arguments));
        if (invocation) return "parsed";
        EXPECT_EQ(exit_code_for(invocation.error()), ExitCode::Usage);
        return invocation.error().subject() + ": " + invocation.error().cause();
    }
};

TEST_F(Arguments, options_and_words_may_be_mixed) {
    Invocation copy = parsed({"copy", "-vv", "a", "--compare=size", "b", "--memory", "64MiB", "-n"});
    EXPECT_EQ(copy.command->name, "copy");
    EXPECT_EQ(copy.words, (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(copy.values.times("verbose"), 2);
    EXPECT_TRUE(copy.values.flag("dry-run"));
    EXPECT_FALSE(copy.values.flag("quiet"));
    EXPECT_EQ(copy.values.text("compare"), "size");
    EXPECT_EQ(copy.values.number("memory"), 64u << 20);
    EXPECT_EQ(copy.values.text("region"), std::nullopt);
}

TEST_F(Arguments, words_after_two_dashes_are_no_options) {
    EXPECT_EQ(parsed({"copy", "--", "-a", "--b"}).words, (std::vector<std::string>{"-a", "--b"}));
}

TEST_F(Arguments, two_options_that_make_each_other_idle_are_refused) {
    EXPECT_EQ(refused({"copy", "a", "b", "--anonymous", "--profile", "x"}),
              "--anonymous: contradicts --profile");
    EXPECT_EQ(refused({"copy", "a", "b", "--source-no-verify-tls", "--source-ca-file=f"}),
              "--source-no-verify-tls: contradicts --source-ca-file");
    parsed({"copy", "a", "b", "--source-anonymous", "--destination-profile", "x"});
    variables["GODWIT_PROFILE"] = "x";
    parsed({"copy", "a", "b", "--anonymous"});
}

TEST_F(Arguments, an_option_without_its_value_is_named) {
    EXPECT_EQ(refused({"copy", "a", "b", "-o"}), "--output: its value is missing; see `godwit copy -h`");
}

TEST_F(Arguments, the_last_of_two_values_counts) {
    EXPECT_EQ(parsed({"copy", "a", "b", "--region", "x", "--region", "y"}).values.text("region"), "y");
}

TEST_F(Arguments, an_option_beats_its_variable_which_beats_the_default) {
    EXPECT_EQ(parsed({"copy", "a", "b"}).values.text("compare"), "metadata");
    variables["GODWIT_COMPARE"] = "size";
    variables["GODWIT_SOURCE_REGION"] = "eu-west-1";
    variables["GODWIT_DRY_RUN"] = "yes";
    variables["GODWIT_QUIET"] = "no";
    Invocation copy = parsed({"copy", "a", "b"});
    EXPECT_EQ(copy.values.text("compare"), "size");
    EXPECT_EQ(copy.values.text("source-region"), "eu-west-1");
    EXPECT_TRUE(copy.values.flag("dry-run"));
    EXPECT_FALSE(copy.values.flag("quiet"));
    EXPECT_EQ(parsed({"copy", "a", "b", "--compare", "bytes"}).values.text("compare"), "bytes");
}

TEST_F(Arguments, a_bad_variable_is_named) {
    variables["GODWIT_MEMORY"] = "64MB";
    EXPECT_EQ(refused({"copy", "a", "b"}),
              "GODWIT_MEMORY=64MB: is no size; write bytes with an IEC unit: 512, 64KiB, 1.5GiB, 2T");
    variables = {{"GODWIT_DRY_RUN", "maybe"}};
    EXPECT_EQ(refused({"copy", "a", "b"}),
              "GODWIT_DRY_RUN=maybe: is a switch; allowed are 1, true, yes, on and 0, false, no, off");
}

TEST_F(Arguments, options_of_one_end_exist_where_there_are_two) {
    EXPECT_TRUE(
        parsed({"copy", "a", "b", "--destination-no-verify-tls"}).values.flag("destination-no-verify-tls"));
    EXPECT_EQ(refused({"ls", "a", "--source-region", "x"}),
              "--source-region: `godwit ls` has no such option; `godwit ls -h` lists them all");
}

TEST_F(Arguments, an_unknown_option_gets_a_suggestion) {
    EXPECT_EQ(refused({"copy", "a", "b", "--complare", "size"}),
              "--complare: `godwit copy` has no such option; did you mean `--compare`?");
    EXPECT_EQ(refused({"copy", "a", "b", "--destination-endpoint=x"}),
              "--destination-endpoint: `godwit copy` has no such option; did you mean "
              "`--destination-endpoint-url`?");
}

TEST_F(Arguments, a_bad_value_names_what_is_allowed) {
    EXPECT_EQ(refused({"copy", "a", "b", "--on-change", "publsh"}),
              "--on-change=publsh: is not among its values: defer publish; did you mean `publish`?");
    EXPECT_EQ(refused({"copy", "a", "b", "--concurrency", "many"}),
              "--concurrency=many: is no number; allowed are decimal digits");
    EXPECT_EQ(refused({"copy", "a", "b", "--region", ""}),
              "--region=: an empty value means nothing here; leave the option out");
}

TEST_F(Arguments, words_are_counted) {
    EXPECT_EQ(refused({"copy", "a"}), "DST: is missing; usage: godwit copy SRC DST");
    EXPECT_EQ(refused({"copy", "a", "b", "c"}), "c: is one argument too many; usage: godwit copy SRC DST");
    EXPECT_EQ(parsed({"doctor"}).words.size(), 0u);
    EXPECT_EQ(parsed({"doctor", "a", "b", "c"}).words.size(), 3u);
    EXPECT_EQ(parsed({"ledger", "stats"}).words.size(), 0u);
    EXPECT_EQ(refused({"ledger", "stats", "a", "b"}),
              "b: is one argument too many; usage: godwit ledger stats [EXECUTION]");
}

TEST_F(Arguments, nouns_are_right_in_singular_and_plural) {
    EXPECT_EQ(parsed({"executions", "list"}).command->name, "executions list");
    EXPECT_EQ(parsed({"execution", "list"}).command->name, "executions list");
    EXPECT_EQ(parsed({"ledgers", "stats"}).command->name, "ledger stats");
}

TEST_F(Arguments, a_command_in_the_wrong_form_gets_the_right_one) {
    EXPECT_EQ(refused({"list", "executions"}),
              "list executions: there is no such command; did you mean `godwit "
              "executions list`?");
    EXPECT_EQ(refused({"cpoy", "a", "b"}), "cpoy: there is no such command; did you mean `copy`?");
    EXPECT_EQ(refused({"frobnicate"}), "frobnicate: there is no such command; `godwit help` lists them all");
    EXPECT_EQ(refused({"executions"}),
              "executions: a verb is missing; there are: list, describe, errors, limit, retry");
    EXPECT_EQ(refused({"executions", "lst"}),
              "executions lst: there is no such command; did you mean `list`?");
    EXPECT_EQ(refused({"-v", "copy"}), "-v: options follow the command: godwit COMMAND [options] ...");
}

TEST_F(Arguments, help_can_be_asked_for_anywhere) {
    EXPECT_TRUE(parsed({}).help_wanted);
    EXPECT_TRUE(parsed({"-h"}).help_wanted);
    EXPECT_TRUE(parsed({"copy", "-h"}).help_wanted);
    EXPECT_TRUE(parsed({"copy", "a", "--help"}).help_wanted);
    EXPECT_EQ(parsed({"execution", "-h"}).noun, "executions");
    EXPECT_EQ(parsed({"--version"}).command->name, "version");
}

}  // namespace
}  // namespace godwit::app
