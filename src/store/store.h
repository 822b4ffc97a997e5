// The Store port: what Godwit needs of a place that holds objects. `posix`, `s3` and the memory
// store implement it; decorators (faults, traces) wrap it; one conformance suite
// (tests/conformance) holds all of them to this page.
//
// All of it runs on one loop: a Store and what it hands out belong to the thread of the loop that
// they were made with. Arguments given by reference must live until the task is done; results own
// what they hold. Every operation ends by its context's deadline, with kind Cancelled or Lost.
// Retries of single requests happen below this port (by the one retry loop), so an error from it is
// worth no immediate repetition; `engine` decides what becomes of the object.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "base/digest.h"
#include "base/result.h"
#include "model/evidence.h"
#include "model/key.h"
#include "model/object.h"
#include "runtime/context.h"
#include "runtime/task.h"

namespace godwit::store {

using model::Entry;
using model::EvidenceLevel;
using model::Identity;
using model::Key;
using model::KeyRange;
using model::Metadata;
using model::ObjectInfo;
using model::ObjectType;
using runtime::Context;
using runtime::Task;

// What a store can do. Fixed once attach() has succeeded; `doctor` shows it.
struct Capabilities {
    // Directories are real: `a` and `a/b` cannot both exist, and a directory's attributes are set
    // after its contents. False: a directory marker is an object like others.
    bool hierarchical = false;
    // Listings come in key byte order.
    bool lists_in_order = true;
    // Entries carry PosixAttributes, so that metadata can be compared without stat().
    bool lists_posix = false;
    // The checksum that put() and Sink::commit() attest, proved by a negative probe.
    std::optional<DigestAlgorithm> attests;
    // What commit evidence this store gives without being asked for a read-back.
    EvidenceLevel commit_evidence = EvidenceLevel::None;
    // Objects up to this size can be given to put(); larger ones go through a Sink.
    std::uint64_t put_bytes_max = 8u << 20;
    // Objects larger than this cannot be stored.
    std::uint64_t object_bytes_max = ~std::uint64_t{0};
    // Two stores with equal, non-empty domains can copy_from() each other inside the server.
    std::string copy_domain;
    bool keeps_user_metadata = false;
    bool keeps_tags = false;
    // A changed object of the same size always shows in Identity::tag.
    bool tag_shows_change = true;
    // An Identity::tag that reads as an MD5 may be the one of the bytes. Whether it is has to be seen:
    // servers encrypt, and some make tags of other things.
    bool tags_may_be_md5 = false;
    // So many objects become durable at one go: with fewer in flight the store waits for more.
    std::uint32_t commit_group_objects = 1;
};

enum class Role : std::uint8_t { Source, Destination };

// What names a root for good. A different one under the same URI means another file system was
// mounted there or the bucket was made anew: then nothing may be deleted and the index is void.
struct RootIdentity {
    // Canonical form of the location ("posix:/srv/data", "s3:https://host:port/bucket/prefix").
    std::string canonical;
    // POSIX: st_dev and inode of the root. S3: endpoint, bucket, region.
    std::string identity;
};

struct Page {
    std::vector<Entry> entries;
    // No entry follows. A listing that fails never says so.
    bool last = false;
    // Parts of the tree that could not be read (permission, vanished directory, key that is no
    // key). Such a listing is incomplete: nothing may be deleted on its word.
    std::vector<Error> unreadable;
};

// Which keys a listing is of: those of the range that begin with the prefix.
struct ListedKeys {
    ListedKeys(KeyRange of = {}, std::string beginning = {})  // NOLINT(google-explicit-constructor)
        : range(std::move(of)), prefix(std::move(beginning)) {}

    KeyRange range;
    std::string prefix;

    bool everything() const { return range.after.empty() && range.before.empty() && prefix.empty(); }
    bool contains(std::string_view key) const { return key.starts_with(prefix) && range.contains(key); }
};

// A stream of entries in the store's order. One task at a time may use it. Destruction stops it.
class Listing {
  public:
    virtual ~Listing() = default;
    // The next page: at most 4,096 entries. Empty pages that are not the last may occur.
    virtual Task<Result<Page>> next(Context& context) = 0;
};

// Bytes of an object held in memory, with their digest, which was computed while they were read.
struct Part {
    Buffer bytes;
    Digest digest;
};

// A run of an object's bytes, where they are for the moment.
struct Piece {
    std::span<const std::byte> bytes;
    // Of `bytes`, in the request's algorithm.
    Digest digest;
};

// The bytes of one part that is too large to be held. Its reader may go through it as often as it
// needs: once to know its checksum before the request's head is sent, once to send it, again after a
// lost connection. One task at a time.
class PartBytes {
  public:
    virtual ~PartBytes() = default;
    virtual std::uint64_t size_bytes() const = 0;
    // What stands from `offset_bytes` (less than the size) of the part on: at least one byte, and as
    // many as there is memory for. Lives until the next call. Fails as Source::read().
    virtual Task<Result<Piece>> read(Context& context, std::uint64_t offset_bytes) = 0;
};

struct OpenRequest {
    Key key;
    // The generation that was listed. A store fails with Changed if it now holds another one.
    Identity expected;
    ObjectType type = ObjectType::File;
    DigestAlgorithm digest = DigestAlgorithm::Crc64Nvme;
    // An object of at most this size is read whole by open() (Source::whole): one hop, one request.
    std::uint64_t whole_bytes_max = 0;
    // Read from the medium, past every cache that can be passed: for verification.
    bool from_medium = false;
    // Also read tags, where the store keeps them (may cost a request).
    bool with_tags = false;
};

// The bytes of one generation of one object. read() may be called by several tasks at once.
class Source {
  public:
    virtual ~Source() = default;

    // Metadata of the pinned generation.
    virtual const ObjectInfo& info() const = 0;

    // The whole object, when open() has read it; then the generation was checked after the last
    // byte. Taken once: the second call gives nothing.
    virtual std::optional<Part> take_whole() = 0;

    // Fills `out` with the bytes from `offset_bytes` and returns their digest. Fails with Changed
    // when the object turned out shorter or of another generation.
    virtual Task<Result<Digest>> read(Context& context, std::uint64_t offset_bytes,
                                      std::span<std::byte> out) = 0;

    // Succeeds when the object is still the generation that was opened, looked at anew. Fails with
    // Changed. Everything read before a success belongs to one generation (I7). Fails with Corrupt
    // (ChecksumMismatch) when all of it was read and the store's own checksum of the whole is another:
    // what was read must not be taken for the object.
    virtual Task<Result<void>> verify_unchanged(Context& context) = 0;

    // How the bytes came: ReadBack when from_medium was asked for and is certain,
    // ReadBackCached when a cache may have answered.
    virtual EvidenceLevel read_level() const = 0;
};

// What is to be published under a key.
struct PutRequest {
    Key key;
    ObjectType type = ObjectType::File;
    std::uint64_t size_bytes = 0;
    Metadata metadata;
    // The destination generation that was listed, or nothing if there was none. A store that can
    // enforces it; one that sees another object in place fails with Changed.
    std::optional<Identity> replaces;
    DigestAlgorithm digest = DigestAlgorithm::Crc64Nvme;
    // Prove the stored bytes before (or at once after) they get their name, beyond commit_evidence.
    bool read_back = false;
    // Skip proof and durability waits that only proof needs (verify_mode NONE). Durability stays.
    bool verify = true;
    // What reads the object's bytes, where they are wanted just as they stand there: a store that can may
    // share them in place of writing those that it is given. Lives until put() or begin() is done.
    const Source* source = nullptr;
};

// What the store itself says of an object that it has just published.
struct Receipt {
    Identity identity;
    EvidenceLevel level = EvidenceLevel::None;
    // The digest that the evidence rests on.
    std::optional<Digest> stored_digest;
};

// Receives the bytes of one destination object that is too large for put().
//
// Nothing is visible under the destination name until commit() succeeds: readers see the old object
// or the whole new one (I6). After commit() returns success the object survives a power cut.
//
//   write()* -> commit()   the object appears
//   write()* -> destroy    nothing appears; what was staged is released or left for discard()
//
// write() may be called by several tasks at once, for different parts.
class Sink {
  public:
    virtual ~Sink() = default;

    // The size of every part but the last; offsets are multiples of it.
    virtual std::uint64_t part_size_bytes() const = 0;

    // Stores one part. `digest` is of `bytes`, in the request's algorithm. After a resume, a part
    // that is there already and equal is not sent again. After any failure only destruction (or,
    // for Lost and Busy, a resume from the checkpoint) is allowed.
    virtual Task<Result<void>> write(Context& context, std::uint64_t offset_bytes,
                                     std::span<const std::byte> bytes, const Digest& digest) = 0;

    // Stores one part of which never more than a piece is in memory; otherwise as write(). Returns the
    // digest of the bytes that were stored, in the request's algorithm. Fails with Changed when they
    // are not the same whenever they are read. Stores whose parts can always be held need not know
    // this (Unsupported).
    virtual Task<Result<Digest>> write_streamed(Context& context, std::uint64_t offset_bytes,
                                                PartBytes& part);

    // Opaque bytes with which resume() carries on after a crash. Empty: it cannot. Valid from the
    // moment that begin() returns.
    virtual std::string checkpoint() const = 0;

    // Publishes the object; `source` is the digest of all its bytes. Fails with Corrupt, leaving
    // the old object in place, when the store can check and finds other bytes.
    virtual Task<Result<Receipt>> commit(Context& context, const Digest& source) = 0;
};

inline Task<Result<Digest>> Sink::write_streamed(Context&, std::uint64_t, PartBytes&) {
    co_return Error(ErrorKind::Unsupported, "write", "part", "this store takes parts whole");
}

// Another name for a file that is stored already.
struct LinkRequest {
    Key key;
    // As in PutRequest.
    std::optional<Identity> replaces;
    // The name that the file has, and what was proved to stand there: fails with Changed when it is not.
    Key first;
    Identity expected;
};

// What a file became by link(): a new name moves its ctime.
struct Linked {
    Identity identity;
    // `key` was a name of it before.
    bool was_linked = false;
};

struct CopyRequest {
    PutRequest put;
    Key source_key;
    Identity source_identity;
};

class Store {
  public:
    virtual ~Store() = default;

    // Reaches the root, proves what the store can do, and fixes capabilities(). The destination's
    // root is made when it is missing (POSIX). Must succeed before anything else is called.
    virtual Task<Result<RootIdentity>> attach(Context& context, Role role) = 0;
    virtual const Capabilities& capabilities() const = 0;
    // For messages: the URI of a key, without secrets.
    virtual std::string uri(const Key& key) const = 0;

    // Their entries, all depths; the root itself is not an entry.
    virtual std::unique_ptr<Listing> list(ListedKeys keys) = 0;

    // Is there any of these keys? A hint, for what has to be no more than likely: what comes and goes
    // meanwhile may count, and so may what the store has put there itself. One request where the store has
    // such a thing, else a page of a listing.
    virtual Task<Result<bool>> holds_any(Context& context, const ListedKeys& keys);

    // Absent is a value. `with_tags` may cost a request more.
    virtual Task<Result<std::optional<ObjectInfo>>> stat(Context& context, const Key& key,
                                                         bool with_tags) = 0;

    virtual Task<Result<std::unique_ptr<Source>>> open(Context& context, const OpenRequest& request) = 0;

    // Publishes an object that is held whole; also directories, symlinks (bytes = target) and empty
    // files. Atomic and durable as Sink::commit. `digest` is of `bytes`.
    virtual Task<Result<Receipt>> put(Context& context, const PutRequest& request,
                                      std::span<const std::byte> bytes, const Digest& digest) = 0;

    virtual Task<Result<std::unique_ptr<Sink>>> begin(Context& context, const PutRequest& request) = 0;
    // Carries on what a Sink with this checkpoint had stored. Fails with NotFound when it is gone.
    virtual Task<Result<std::unique_ptr<Sink>>> resume(Context& context, const PutRequest& request,
                                                       const std::string& checkpoint) = 0;

    // Removes what an interrupted put() or Sink of this key left staged, and nothing else: by its
    // checkpoint, or where that was lost, by what only we can have begun since `intent_unix_ns`. What an
    // interrupted remove() had taken aside is the object again. Success when there is nothing.
    virtual Task<Result<void>> discard(Context& context, const Key& key, const std::string& checkpoint,
                                       std::int64_t intent_unix_ns) = 0;

    // Copies inside the server, without the bytes passing through us. `source` must have the same
    // copy_domain. Level ServerCopy at least.
    virtual Task<Result<Receipt>> copy_from(Context& context, Store& source, const CopyRequest& request) = 0;

    // Makes `key` a name of the file that has the name `first`: no bytes are copied, and all that is set on
    // one of them is set on both. Atomic and durable as Sink::commit. Fails with Unsupported, code
    // "NoHardLink", where the store has no such thing, or not for this file or this name.
    virtual Task<Result<Linked>> link(Context& context, const LinkRequest& request);

    // Brings attributes over without the bytes. The object must still be `expected`.
    virtual Task<Result<Receipt>> set_metadata(Context& context, const PutRequest& request,
                                               const Identity& expected) = 0;

    // Removes exactly the generation `expected`; fails with Changed when another one is there, and with
    // Exists for a directory that holds something. An absent key is success.
    virtual Task<Result<void>> remove(Context& context, const Key& key, const Identity& expected) = 0;
    // Can remove() keep that promise whatever others write meanwhile? A store that keeps every version of an
    // object can. False: it looks, and removes a moment later. May ask the store by writing.
    virtual Task<Result<bool>> removes_exactly(Context& context) = 0;
    // Succeeds when the root, looked up anew by its name, is still the one that attach() found. Fails with
    // Changed, code "RootReplaced", or as attach().
    virtual Task<Result<void>> verify_root(Context& context) = 0;
    // May the store have taken this generation in after that moment of our clock? True where nobody can tell.
    // The store's own clock, and how finely it dates objects, are taken into account.
    virtual bool may_be_newer(const Identity& generation, std::int64_t unix_ns) const = 0;

    // Ends what the store still does on its own account (the read-ahead of a listing that was
    // dropped). The last call before destruction, when nothing of the store is in use any more.
    virtual Task<void> close() { co_return; }
};

inline Task<Result<bool>> Store::holds_any(Context& context, const ListedKeys& keys) {
    std::unique_ptr<Listing> listing = list(keys);
    for (;;) {
        GODWIT_CO_TRY(Page page, co_await listing->next(context));
        if (page.last || !page.entries.empty()) co_return !page.entries.empty();
    }
}

inline Task<Result<Linked>> Store::link(Context&, const LinkRequest& request) {
    co_return Error(ErrorKind::Unsupported, "link", uri(request.key), "this store has no hard links")
        .with_code("NoHardLink");
}

}  // namespace godwit::store
