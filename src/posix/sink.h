// Receiving an object that is too large for put(): a staged file of its full size, filled in parts,
// with holes where parts are all zero; synced, read back and named by commit().
#pragma once

#include <memory>
#include <string>

#include "posix/workshop.h"
#include "store/store.h"

namespace godwit::posix {

// A new staged file. Fails with Full when it does not fit the file system.
runtime::Task<Result<std::unique_ptr<store::Sink>>> begin_sink(std::shared_ptr<Workshop> workshop,
                                                               const store::PutRequest& request);

// Carries on the staged file that the checkpoint names. Fails with NotFound when it is gone, or is
// not the one that the checkpoint was taken of.
runtime::Task<Result<std::unique_ptr<store::Sink>>> resume_sink(std::shared_ptr<Workshop> workshop,
                                                                const store::PutRequest& request,
                                                                const std::string& checkpoint);

// What a Sink's checkpoint says: "posix-1 NAME INODE SIZE", decimal, one space between. The name
// stands in it because the token that made it may have been replaced since.
struct Checkpoint {
    std::string staged_name;
    std::uint64_t inode = 0;
    std::uint64_t size_bytes = 0;
};
std::string format_checkpoint(const Checkpoint& checkpoint);
// Absent for anything else, a name that is no staged file's included.
std::optional<Checkpoint> parse_checkpoint(std::string_view text);

}  // namespace godwit::posix
