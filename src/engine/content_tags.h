// ContentTags: are tags that read as an MD5 the one of the bytes, at both ends?
//
// Then equal tags are equal bytes, whoever has copied them, and nothing has to be asked about an object. But
// no server says what its tags are: some encrypt, some make them of other things, and a wrong belief would
// take different objects for equal. So one object of each end is read and compared with its tag before any of
// them is believed.
#pragma once

#include <cstdint>

#include "engine/options.h"
#include "store/store.h"

namespace godwit::engine {

class ContentTags {
  public:
    // Both stores are attached and outlive this. An object with a tag that differs from its bytes is an end
    // to it; nothing is looked at where the comparison asked for is another than by metadata.
    ContentTags(store::Store& source, store::Store& destination, const ExecutionOptions& options);

    // It may be worth looking at objects. Cheap: asked for each key.
    bool undecided() const { return source_ != Belief::Other && destination_ != Belief::Other && !are_md5(); }
    bool are_md5() const { return source_ == Belief::Md5 && destination_ == Belief::Md5; }

    // Would a look at this pair tell? Both have such tags, and bytes that are few.
    static bool would_tell(const model::Entry& source, const model::Entry& destination);
    // Reads the object of each end that nothing is known of yet: a request an end, of 8 MiB at most. Fails
    // only when the context ends; an object that cannot be read tells nothing, and a few of them end the
    // matter.
    runtime::Task<Result<void>> look(runtime::Context& context, const model::Entry& source,
                                     const model::Entry& destination);

  private:
    enum class Belief : std::uint8_t { Unknown, Md5, Other };
    runtime::Task<Result<void>> look_at(runtime::Context& context, store::Store& store,
                                        const model::Entry& entry, Belief& belief);

    store::Store& source_store_;
    store::Store& destination_store_;
    Belief source_ = Belief::Unknown, destination_ = Belief::Unknown;
    int failures_ = 0;
};

}  // namespace godwit::engine
