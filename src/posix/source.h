// Reading one generation of one object (I7).
//
// The object is opened without following links, without waiting (a FIFO would) and without moving
// its access time; what was opened must be what was listed. A small object is read whole in one pool
// job, between two looks at its inode; of a large one every part is a job, and verify_unchanged()
// looks again.
#pragma once

#include <memory>

#include "posix/workshop.h"
#include "store/store.h"

namespace godwit::posix {

// Blocking, on a pool thread. Fails with Changed when it is not (or while it is read, no longer)
// `request.expected`, with NotFound when it has vanished, with Unsupported for special files.
Result<std::unique_ptr<store::Source>> open_source(std::shared_ptr<Workshop> workshop,
                                                   std::shared_ptr<const Root> root,
                                                   const store::OpenRequest& request);

// Blocking, on a pool thread. Makes the file behind `fd`, which is empty, share all blocks of the file that
// `source` reads. On failure it may share some of them; with kind Changed when `source` is not the generation
// any more that was opened.
Result<void> clone_source(const store::Source& source, int fd);

}  // namespace godwit::posix
