// What has just happened to what a place holds, as the place itself saw it: for observers that trust
// nobody's account of it (store/testing/delete_auditor.h).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/digest.h"

namespace godwit::store {

enum class ChangeKind : std::uint8_t {
    Written,          // nothing stood there before, or its owner wrote it
    Replaced,         // an object took another one's place; also new attributes for the same bytes
    Removed,          // an object is gone
    UploadBegun,      // parts may be staged from now on
    UploadDiscarded,  // the parts are gone without an object
};

struct Change {
    ChangeKind kind = ChangeKind::Written;
    // Of the Store port, that did it; empty: the owner, behind the stores' backs.
    std::string_view operation = {};
    // The object's key, or the upload's name.
    std::string name = {};
    // Of all bytes of the object before and after, where there is one.
    std::optional<Digest> was = {}, now = {};

    // Something that stood there does so no more.
    bool is_loss() const {
        return kind == ChangeKind::Replaced || kind == ChangeKind::Removed ||
               kind == ChangeKind::UploadDiscarded;
    }
};

}  // namespace godwit::store
