// H77: any one call that a copy makes of the file layer fails. Whatever becomes of the run, nothing that it
// says is false, and the next one, undisturbed, ends as if nothing had happened.
#include <gtest/gtest.h>

#include <iostream>
#include <map>

#include "crash/world.h"

namespace godwit::crash {
namespace {

struct Sweep {
    std::string name;
    MakeEnds make_ends;
    int error_number;
    // Below this the list of calls has shrunk, and the test would show less than it says.
    std::uint64_t calls_min;
};

// False: the run made fewer calls.
bool fail_and_carry_on(const Sweep& sweep, std::uint64_t nth, std::map<std::string, int>& failed) {
    SCOPED_TRACE(sweep.name + ", call " + std::to_string(nth));
    World world(sweep.make_ends);
    std::string call = world.run_with_fault(nth, sweep.error_number);
    SCOPED_TRACE(call);
    world.expect_nothing_false();
    EXPECT_FALSE(world.run(0));
    world.expect_equal_and_clean();
    if (!call.empty()) ++failed[call];
    return !call.empty();
}

class FileFaultsOfACopy : public testing::TestWithParam<Sweep> {
  protected:
    // Each `stride`th call.
    void fail_calls(std::uint64_t stride) {
        std::uint64_t calls = 0;
        std::map<std::string, int> failed;
        while (!HasFailure() && fail_and_carry_on(GetParam(), 1 + calls * stride, failed)) ++calls;
        std::cout << GetParam().name << ": " << calls << " calls failed:";
        for (const auto& [call, times] : failed) std::cout << " " << call << " " << times;
        std::cout << "\n";
        EXPECT_GE(calls * stride, GetParam().calls_min);
    }
};

TEST_P(FileFaultsOfACopy, H77_of_one_call_are_told_and_the_next_run_ends_as_if_there_had_been_none) {
    fail_calls(71);
}

// Minutes: all of them, by `./dev test --all`.
TEST_P(FileFaultsOfACopy, DISABLED_H77_every_call) {
    fail_calls(1);
}

INSTANTIATE_TEST_SUITE_P(
    Sweeps, FileFaultsOfACopy,
    testing::Values(Sweep{"directory_to_directory_EIO", directory_to_directory, EIO, 200},
                    Sweep{"directory_to_directory_ENOSPC", directory_to_directory, ENOSPC, 30},
                    Sweep{"hard_links_EIO", hard_links, EIO, 200},
                    Sweep{"directory_to_bucket_EIO", directory_to_bucket, EIO, 60},
                    Sweep{"bucket_to_directory_EIO", bucket_to_directory, EIO, 100},
                    Sweep{"bucket_to_directory_ENOSPC", bucket_to_directory, ENOSPC, 30}),
    [](const auto& sweep) { return sweep.param.name; });

// For messages: a sweep is its name.
void PrintTo(const Sweep& sweep, std::ostream* out) {
    *out << sweep.name;
}

}  // namespace
}  // namespace godwit::crash
