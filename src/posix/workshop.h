// What the parts of one store share: the loop and pool that they run on, the root, the group commit.
//
// Held by the store and by each sink, source and listing that it has handed out. Loop thread only,
// except for what is marked.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "model/hard_links.h"
#include "posix/attributes.h"
#include "posix/name_change.h"
#include "posix/publish_group.h"
#include "posix/replacement.h"
#include "posix/root.h"
#include "posix/staging.h"
#include "posix/walk.h"
#include "runtime/group.h"
#include "runtime/pool.h"

namespace godwit::posix {

struct PosixOptions {
    // The location's root, as the operator wrote it.
    std::string root = {};
    // Names staged files; at least StagingNames::kTokenBytesMin bytes that nobody can guess, the same
    // over restarts, so that discard() finds what a crashed run left.
    std::string staging_token = {};
    AttributeOptions attributes = {};
    WalkOptions walk = {};
    // Read where a source's holes are; leave them in a copy (holes.h).
    bool sparse = false;
    // Share a file's blocks with its source, where both are on a file system that can, in place of writing
    // them.
    bool reflink = false;
    // Where copies go that tell which file they are names of, as the user names the place
    // (model/hard_links.h). Absent: none tells.
    std::optional<std::string> file_id_place = {};
    // Refuse to cross into file systems that are mounted below the root.
    bool one_file_system = false;
    // Stage files without a name where that is safe (staging.h).
    bool stages_unnamed = true;
    std::uint64_t put_bytes_max = 8u << 20;
    std::uint64_t part_bytes = 8u << 20;
    // Told what was done without (an owner that could not be set), on the loop's thread.
    std::function<void(const Error&)> on_warning = {};
};

struct Workshop {
    Workshop(runtime::Loop& the_loop, runtime::Pool& the_pool, Os& the_os, PosixOptions the_options)
        : loop(the_loop),
          pool(the_pool),
          os(the_os),
          options(std::move(the_options)),
          staging(std::make_shared<const StagingNames>(options.staging_token)),
          background(the_loop),
          group(the_loop, the_pool, unsynced, [this](const Error& warning) { warn(warning); }) {}

    // Tells which file `info` is of, where that is asked for. Any thread.
    void tell_file_id(model::ObjectInfo& info) const {
        if (options.file_id_place && info.entry.hard_link)
            info.metadata.file_id = model::file_id(*options.file_id_place, *info.entry.hard_link);
    }

    void warn(const Error& warning) const {
        if (options.on_warning) options.on_warning(warning);
    }
    // Valid after attach(). The tools refer to `held`, which the change's owner keeps.
    ChangeTools tools(const Root& held) {
        return {.root = held,
                .unsynced = unsynced,
                .attributes = options.attributes,
                .staging = *staging,
                .sparse = options.sparse,
                .reflink = options.reflink};
    }
    // Tells what was done without, too.
    store::Receipt receipt_for(const Published& published) const {
        if (published.warning) warn(*published.warning);
        if (published.not_shared) warn(*published.not_shared);
        store::Receipt receipt;
        receipt.identity = published.identity;
        receipt.level = published.level;
        receipt.stored_digest = published.digest;
        return receipt;
    }

    // Any thread: these do not change while the store is in use.
    runtime::Loop& loop;
    runtime::Pool& pool;
    Os& os;
    const PosixOptions options;
    const std::shared_ptr<const StagingNames> staging;
    // As the options allow and attach() has found. Loop thread only.
    bool stages_unnamed = false;
    // How much the file system's clock is ahead of ours, at the least: attach() as Destination has found it.
    std::int64_t clock_ahead_ns = 0;
    UnsyncedDirectories unsynced;  // guards itself

    // Replaced by each attach(); whoever works with it holds it.
    std::shared_ptr<const Root> root;
    // Work that nobody awaits but Store::close().
    runtime::TaskGroup background;
    PublishGroup group;
};

}  // namespace godwit::posix
