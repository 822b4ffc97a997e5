// One request on its way to its answer.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "s3double/audit.h"
#include "s3double/body_receiver.h"
#include "s3double/http_request.h"
#include "s3double/http_response.h"
#include "s3double/operation.h"
#include "s3double/rules.h"
#include "s3double/s3_error.h"
#include "s3double/sigv4.h"

namespace godwit::s3double {

struct Exchange {
    Request request;
    Operation operation = Operation::Unknown;
    int part = 0;
    Authenticated authenticated;
    // Null: no rule is due.
    std::shared_ptr<const Rule> rule;
    // What the head alone is refused for; the body is then only swallowed.
    std::optional<Refusal> refusal;
    // The first failure of the body's framing.
    std::optional<Error> body_error;
    BodyReceiver receiver;
    Response response;
    std::uint64_t number = 0;  // of the request, from 1

    // For the audit log; set by the operation.
    std::uint64_t bytes = 0;
    std::string etag_before, etag_after, version_id, upload_id;
    // DeleteObjects: one record of the log for each key.
    struct DeletedKey {
        std::string key, etag_before, code;
    };
    std::vector<DeletedKey> deletions;

    const Effects& effects() const {
        static const Effects kNone;
        return rule ? rule->effects : kNone;
    }
};

}  // namespace godwit::s3double
