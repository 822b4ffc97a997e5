#include "posix/listing.h"

#include <unistd.h>

#include "posix/testing.h"

namespace godwit::posix {
namespace {

using testing::StoreFixture;

class PosixListing : public StoreFixture {
  protected:
    void make_files(int count) {
        for (int i = 0; i < count; ++i) tree_.write("f" + std::to_string(1000 + i));
    }
    void connect_with_pages_of(std::size_t entries) {
        PosixOptions options;
        options.walk.page_entries_max = entries;
        connect(options);
    }
};

TEST_F(PosixListing, makes_the_next_page_while_the_last_is_looked_at) {
    make_files(30);
    connect_with_pages_of(10);
    auto listing = store_->list({});
    std::size_t listed = 0;
    for (bool last = false; !last;) {
        auto page = run(listing->next(context_));
        ASSERT_TRUE(page);
        last = page->last;
        listed += page->entries.size();
        // Without being asked, the pool looks at the next ten names.
        for (int i = 0;
             i < 2000 && !last && os_.calls()["fstatat"] < static_cast<int>(listed) + 10 && listed < 30;
             ++i) {
            ::usleep(1000);
        }
        if (listed < 30) EXPECT_GE(os_.calls()["fstatat"], static_cast<int>(listed) + 10);
    }
    EXPECT_EQ(listed, 30u);
}

TEST_F(PosixListing, that_failed_keeps_failing) {
    make_files(30);
    connect_with_pages_of(10);
    auto listing = store_->list({});
    os_.set_hook([](std::string_view call) { return call == "getdents64" ? EIO : 0; });
    for (int i = 0; i < 2; ++i) {
        auto page = run(listing->next(context_));
        ASSERT_FALSE(page);
        EXPECT_EQ(page.error().code(), "EIO");
    }
}

TEST_F(PosixListing, may_be_dropped_while_a_page_is_made) {
    make_files(30);
    connect_with_pages_of(10);
    for (int i = 0; i < 20; ++i) {
        auto listing = store_->list({});
        ASSERT_TRUE(run(listing->next(context_)));
    }
}

}  // namespace
}  // namespace godwit::posix
