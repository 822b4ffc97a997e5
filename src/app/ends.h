// From SRC and DST to two stores: what kind of thing each is, and, where SRC is a single file or
// object, which name it gets.
#pragma once

#include <memory>
#include <string>

#include "app/location.h"
#include "app/store_kit.h"
#include "model/key_list.h"
#include "runtime/context.h"
#include "runtime/task.h"
#include "store/memory_store.h"
#include "store/store.h"

namespace godwit::app {

struct EndsRequest {
    Location source, destination;
    EndOptions source_end, destination_end;
    WriteOptions write;
    // Write each object's source path on it.
    bool lineage = false;
    // Nothing may be made or probed at the destination.
    bool look_only = false;
    // Both ends may be the same bytes: nothing will be written.
    bool may_overlap = false;
};

// Two stores, attached.
struct Ends {
    // Stands in for a destination that is not there (look_only). Outlives the stores.
    std::unique_ptr<store::MemoryPlace> nothing;
    std::unique_ptr<store::Store> source, destination;
    store::RootIdentity source_root, destination_root;
    // A single file or object, under the destination's name for it.
    bool single_object = false;
    // For output: where the objects come from and go to, as far as that is one place.
    std::string source_text, destination_text;
    // SRC is a prefix of a bucket: without any object there, it is as good as misspelt.
    bool source_is_prefix = false;
    // With look_only: the destination is not there yet.
    bool destination_missing = false;
};

// Kinds: NotFound (SRC), Denied, Lost, Invalid with code EndsOverlap, and what attach() fails with.
// Both stores are closed when it fails.
runtime::Task<Result<Ends>> open_ends(runtime::Context& context, StoreKit& kit, const EndsRequest& request);

// Ends what the stores do on their own account. Before they are destroyed.
runtime::Task<void> close_ends(Ends& ends);

// Shows of both ends what the list asks for alone. Fails with a usage error when they are single objects.
Result<void> narrow_to_list(Ends& ends, std::shared_ptr<const model::KeyList> list);

// One location, attached as a source; a single file or object is shown alone.
struct OneEnd {
    std::unique_ptr<store::Store> store;
    store::RootIdentity root;
    bool single_object = false;
    model::Key key;  // of the single object
};
runtime::Task<Result<OneEnd>> open_source(runtime::Context& context, StoreKit& kit, const Location& location,
                                          const EndOptions& end);

}  // namespace godwit::app
