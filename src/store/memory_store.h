// MemoryStore: the reference store. It does exactly what the Store port says, on a map in memory, so
// that the engine can be tested without a disk or a server, and so that every other store has
// something simple to be held against.
//
// What outlives a "restart" in tests is the MemoryPlace; any number of MemoryStores may stand on it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "store/change.h"
#include "store/store.h"

namespace godwit::store {

struct MemoryObject {
    ObjectType type = ObjectType::File;
    std::vector<std::byte> bytes;
    Identity identity;
    Metadata metadata;
    bool archived = false;
};

struct MemoryUpload {
    Key key;
    std::uint64_t part_bytes = 0;
    std::int64_t begun_unix_ns = 0;
    std::map<std::uint64_t, std::vector<std::byte>> parts;  // by offset
};

// The objects and unfinished uploads of one memory location. Tests may look at it and change it
// behind the stores' backs.
struct MemoryPlace {
    std::map<std::string, MemoryObject> objects;  // by key bytes
    std::map<std::string, MemoryUpload> uploads;  // by upload id
    std::uint64_t generations = 0;                // counts every change, also for identities and as a clock
    int root = 0;                                 // another number: another place has taken the name
    // Told of every change at its instant, except of those that tests make by hand in the maps above. An
    // operation that makes something vanish while nobody observes is a bug: every suite in which that
    // happens has an auditor.
    std::function<void(const Change&)> observer = {};

    // Puts an object there as a stranger would: new generation, no checks. Returns its identity.
    Identity write(const std::string& key, std::string_view text, Metadata metadata = {});
    // Inverts one byte in place, keeping the identity: what a rotten disk does.
    void flip_byte(const std::string& key, std::size_t offset);
};

struct MemoryStoreOptions {
    std::string name = "memory";
    // Off: a store that proves nothing unless it is asked to read back.
    bool attests = true;
    bool removes_exactly = true;
    bool tags_may_be_md5 = false;
    std::uint64_t put_bytes_max = 8u << 20;
    std::uint64_t part_bytes = 8u << 20;
    std::size_t page_entries_max = 1000;
    // Every operation waits this long first, so that tasks interleave.
    Duration latency = Duration::zero();
};

// `place` must outlive the store and everything it hands out.
std::unique_ptr<Store> make_memory_store(MemoryPlace& place, MemoryStoreOptions options = {});

}  // namespace godwit::store
