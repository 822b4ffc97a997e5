// Random values for property tests.
#pragma once

#include <rapidcheck.h>

#include <string>
#include <vector>

#include "model/evidence.h"
#include "model/plan.h"

namespace godwit::ledger::testing {

inline rc::Gen<std::string> arbitrary_bytes() {
    return rc::gen::container<std::string>(rc::gen::arbitrary<char>());
}

inline rc::Gen<model::Identity> arbitrary_identity() {
    return rc::gen::map(rc::gen::tuple(rc::gen::arbitrary<std::uint64_t>(),
                                       rc::gen::arbitrary<std::int64_t>(), arbitrary_bytes()),
                        [](std::tuple<std::uint64_t, std::int64_t, std::string> parts) {
                            auto [size, mtime, tag] = std::move(parts);
                            return model::Identity{
                                .size_bytes = size, .mtime_ns = mtime, .tag = std::move(tag)};
                        });
}

// Absent one time in three.
inline rc::Gen<std::optional<Digest>> arbitrary_digest() {
    return rc::gen::map(
        rc::gen::tuple(rc::gen::inRange(-2, 7),
                       rc::gen::container<std::vector<std::uint8_t>>(32, rc::gen::arbitrary<std::uint8_t>())),
        [](const std::tuple<int, std::vector<std::uint8_t>>& parts) -> std::optional<Digest> {
            const auto& [number, bytes] = parts;
            if (number < 1) return std::nullopt;
            auto algorithm = static_cast<DigestAlgorithm>(number);
            return Digest(algorithm, std::as_bytes(std::span(bytes)).first(digest_size_bytes(algorithm)));
        });
}

inline rc::Gen<model::Evidence> arbitrary_evidence() {
    return rc::gen::exec([] {
        model::Evidence evidence;
        evidence.level = static_cast<model::EvidenceLevel>(*rc::gen::inRange(0, 5));
        evidence.source = *arbitrary_identity();
        evidence.destination = *arbitrary_identity();
        evidence.source_digest = *arbitrary_digest();
        evidence.destination_digest =
            *rc::gen::arbitrary<bool>() ? evidence.source_digest : *arbitrary_digest();
        evidence.xattrs = *model::XattrClasses::from_bits(*rc::gen::inRange<std::uint8_t>(0, 8));
        return evidence;
    });
}

inline rc::Gen<model::PlannedObject> arbitrary_object() {
    return rc::gen::exec([] {
        model::PlannedObject object;
        object.key = model::Key(*rc::gen::nonEmpty(arbitrary_bytes()));
        object.action = static_cast<model::PlanAction>(*rc::gen::inRange(1, 10));
        object.reason = static_cast<model::SkipReason>(*rc::gen::inRange(0, 6));
        object.type = static_cast<model::ObjectType>(*rc::gen::inRange(1, 5));
        object.source = *arbitrary_identity();
        if (*rc::gen::arbitrary<bool>()) object.destination = *arbitrary_identity();
        object.known_digest = *arbitrary_digest();
        object.list_line =
            *rc::gen::oneOf(rc::gen::just<std::uint64_t>(0), rc::gen::arbitrary<std::uint64_t>());
        object.deferrals = *rc::gen::arbitrary<std::uint32_t>();
        return object;
    });
}

}  // namespace godwit::ledger::testing
