#include "app/ends.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>

#include "app/exit_code.h"
#include "app/overlap.h"
#include "store/listed_objects.h"
#include "store/single_object.h"

namespace godwit::app {
namespace {

using runtime::Context;
using runtime::Task;
using store::Role;
using store::RootIdentity;

// What SRC turned out to be.
struct Found {
    Location root;       // the directory, prefix or bucket to open
    std::string stored;  // the single object's key in it; empty: the whole of it
    std::string name;    // what the single object is called as the user wrote it
    // Attached already, where finding out needed it.
    std::unique_ptr<store::Store> store;
    RootIdentity identity;
};

std::string file_name(const std::string& path) {
    return std::filesystem::path(path).filename().string();
}

Result<Found> single_file(const Location& location, const std::string& path) {
    if (location.ends_in_slash) return errno_error(ENOTDIR, "open", location.text);
    Found found;
    found.root.path = std::filesystem::path(path).parent_path().string();
    if (found.root.path.empty()) found.root.path = ".";
    found.root.text = found.root.path;
    found.stored = file_name(path);
    found.name = location.name();
    return found;
}

// A file is found through the symbolic links that lead to it; a link that leads nowhere is itself an
// object.
Result<Found> look_at_path(const Location& location) {
    struct stat status{};
    if (::stat(location.path.c_str(), &status) != 0) {
        int error = errno;
        bool dangling = ::lstat(location.path.c_str(), &status) == 0 && S_ISLNK(status.st_mode);
        if (!dangling) return errno_error(error, "open", location.text);
        return single_file(location, location.path);
    }
    if (S_ISDIR(status.st_mode)) {
        Found found;
        found.root = location;
        return found;
    }
    if (!S_ISREG(status.st_mode)) {
        return Error(ErrorKind::Unsupported, "open", location.text, "is a device, socket or FIFO")
            .with_code("Special");
    }
    std::error_code error;
    std::filesystem::path real = std::filesystem::canonical(location.path, error);
    if (error) return errno_error(error.value(), "resolve", location.text);
    return single_file(location, real.string());
}

bool says_nothing(const Error& error) {
    // Rights to a prefix alone do not extend to what holds it.
    return error.kind() == ErrorKind::Denied && error.code() != "NoCredentials" &&
           error.code() != "InvalidAccessKeyId" && error.code() != "SignatureDoesNotMatch";
}

// Is there an object of exactly that name?
Task<Result<bool>> is_object(Context& context, store::Store& store, RootIdentity& identity,
                             const std::string& name) {
    auto attached = co_await store.attach(context, Role::Source);
    if (!attached && says_nothing(attached.error())) co_return false;
    if (!attached) co_return std::move(attached.error());
    identity = std::move(*attached);
    model::Key key(name);
    bool with_tags = false;
    auto info = co_await store.stat(context, key, with_tags);
    if (!info && says_nothing(info.error())) co_return false;
    if (!info) co_return std::move(info.error());
    co_return info->has_value();
}

// An object of exactly that name, else a prefix.
Task<Result<Found>> look_at_s3(Context& context, StoreKit& kit, const Location& location,
                               const EndOptions& end) {
    Found found;
    found.root = location;
    if (location.s3.prefix.empty() || location.ends_in_slash || location.name().empty())
        co_return std::move(found);
    WriteOptions no_writes;
    Location parent = location.parent();
    GODWIT_CO_TRY(std::unique_ptr<store::Store> store, kit.make(parent, end, no_writes));
    std::string name = location.name();
    Result<bool> object = co_await is_object(context, *store, found.identity, name);
    if (!object || !*object) {
        co_await store->close();
        found.identity = RootIdentity();
        if (!object) co_return std::move(object.error());
        co_return std::move(found);
    }
    found.root = std::move(parent);
    found.stored = name;
    found.name = std::move(name);
    found.store = std::move(store);
    co_return std::move(found);
}

Task<Result<Found>> look_at(Context& context, StoreKit& kit, const Location& location,
                            const EndOptions& end) {
    if (!location.is_s3()) co_return look_at_path(location);
    co_return co_await look_at_s3(context, kit, location, end);
}

// Opens and attaches what look_at() found. On failure the store is closed.
Task<Result<void>> attach_found(Context& context, StoreKit& kit, Found& found, const EndOptions& end) {
    if (found.store) co_return {};
    WriteOptions no_writes;
    GODWIT_CO_TRY(found.store, kit.make(found.root, end, no_writes));
    auto attached = co_await found.store->attach(context, Role::Source);
    if (!attached) {
        co_await found.store->close();
        co_return std::move(attached.error());
    }
    found.identity = std::move(*attached);
    co_return {};
}

Task<Result<Found>> open_found(Context& context, StoreKit& kit, const Location& location,
                               const EndOptions& end) {
    GODWIT_CO_TRY(Found found, co_await look_at(context, kit, location, end));
    GODWIT_CO_TRY_VOID(co_await attach_found(context, kit, found, end));
    co_return std::move(found);
}

// ---- The destination

bool is_directory(const Location& location) {
    struct stat status{};
    return !location.is_s3() && ::stat(location.path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

struct Target {
    Location root;
    std::string stored;  // empty: the whole of it
};

Target target_of(const Location& destination, const Found& source) {
    if (source.stored.empty()) return {destination, ""};
    bool into = destination.ends_in_slash || destination.name().empty() || is_directory(destination);
    if (into) return {destination, source.name};
    return {destination.parent(), destination.name()};
}

Result<void> check_apart(const Found& source, const Target& target) {
    if (source.root.is_s3() || target.root.is_s3()) return {};
    if (source.stored.empty()) return check_directories_apart(source.root.path, target.root.path);
    return check_files_apart(source.root.child(source.stored).path, target.root.child(target.stored).path);
}

// Would they, in one bucket?
bool keys_meet(const Found& source, const Target& target) {
    if (!prefixes_meet(source.root, target.root)) return false;
    if (source.stored.empty()) return true;
    return source.root.s3.prefix == target.root.s3.prefix && source.stored == target.stored;
}

// Buckets are compared by what the stores say of themselves.
Result<void> check_ends_apart(const Ends& ends) {
    const std::string& from = ends.source_root.canonical;
    const std::string& to = ends.destination_root.canonical;
    if (ends.single_object && from != to) return {};
    return check_roots_apart(from, ends.source_text, to, ends.destination_text);
}

bool is_missing_directory(const Location& location) {
    struct stat status{};
    return !location.is_s3() && ::stat(location.path.c_str(), &status) != 0 && errno == ENOENT;
}

std::string below(const std::string& root, const std::string& name) {
    return root + (root.ends_with('/') ? "" : "/") + name;
}

// Where the object of a destination key comes from. `only` is the single object that is copied, under
// whatever name; empty: all below `root`.
std::function<std::string(const std::string&)> source_paths(std::string root, std::string only) {
    return [root = std::move(root), only = std::move(only)](const std::string& key) {
        return below(root, only.empty() ? key : only);
    };
}

Task<Result<void>> attach_destination(Context& context, StoreKit& kit, const EndsRequest& request,
                                      const Found& source, const Target& target, Ends& ends) {
    ends.destination_missing = request.look_only && is_missing_directory(target.root);
    if (ends.destination_missing) {
        ends.nothing = std::make_unique<store::MemoryPlace>();
        ends.destination = store::make_memory_store(*ends.nothing);
    } else {
        WriteOptions write = request.write;
        // Attributes of a file system are its administrator's word; those of an object are anybody's
        // who may write to the bucket.
        write.attributes.keep_set_id_bits |= !request.source.is_s3();
        if (!request.may_overlap && keys_meet(source, target)) write.source = ends.source.get();
        if (request.lineage) write.lineage = source_paths(ends.source_text, source.stored);
        GODWIT_CO_TRY(ends.destination, kit.make(target.root, request.destination_end, write));
    }
    Role role = request.look_only ? Role::Source : Role::Destination;
    GODWIT_CO_TRY(ends.destination_root, co_await ends.destination->attach(context, role));
    co_return {};
}

// Of a path the absolute one, which means the same wherever it is read later; it need not exist yet.
std::string text_of(const Location& root) {
    if (root.is_s3()) return root.display();
    std::error_code error;
    std::filesystem::path whole = std::filesystem::absolute(root.path, error);
    if (error) return root.path;
    std::filesystem::path real = std::filesystem::weakly_canonical(whole, error);
    std::string text = error ? whole.lexically_normal().string() : real.string();
    while (text.size() > 1 && text.ends_with('/')) text.pop_back();
    return text;
}

void narrow(Ends& ends, const Found& source, const Target& target) {
    ends.single_object = true;
    model::Key shown(target.stored);
    ends.source = store::make_single_object_store(std::move(ends.source), shown, model::Key(source.stored));
    ends.destination = store::make_single_object_store(std::move(ends.destination), shown, shown);
    ends.source_text = below(ends.source_text, source.stored);
    ends.destination_text = below(ends.destination_text, target.stored);
    ends.source_root.canonical += "/" + source.stored;
    ends.destination_root.canonical += "/" + target.stored;
}

Task<Result<void>> complete(Context& context, StoreKit& kit, const EndsRequest& request, Found& source,
                            Ends& ends) {
    Target target = target_of(request.destination, source);
    if (!request.may_overlap) GODWIT_CO_TRY_VOID(check_apart(source, target));
    ends.source_text = text_of(source.root);
    ends.destination_text = text_of(target.root);
    Result<void> attached = co_await attach_destination(context, kit, request, source, target, ends);
    if (!attached) co_return std::move(attached.error()).with_scope(Scope::Destination);
    if (!source.stored.empty()) narrow(ends, source, target);
    if (request.may_overlap) co_return {};
    co_return check_ends_apart(ends);
}

}  // namespace

Task<Result<Ends>> open_ends(Context& context, StoreKit& kit, const EndsRequest& request) {
    Result<Found> found = co_await open_found(context, kit, request.source, request.source_end);
    if (!found) co_return std::move(found.error()).with_scope(Scope::Source);
    Found source = std::move(*found);
    Ends ends;
    ends.source = std::move(source.store);
    ends.source_root = std::move(source.identity);
    ends.source_is_prefix = source.stored.empty() && source.root.is_s3() && !source.root.s3.prefix.empty();
    Result<void> completed = co_await complete(context, kit, request, source, ends);
    if (!completed) {
        co_await close_ends(ends);
        co_return std::move(completed.error());
    }
    co_return std::move(ends);
}

Result<void> narrow_to_list(Ends& ends, std::shared_ptr<const model::KeyList> list) {
    if (ends.single_object) {
        return usage_error("SRC=" + ends.source_text,
                           "is a single object; a list names objects of a directory, bucket or prefix");
    }
    ends.source = store::make_listed_store(std::move(ends.source), list, Role::Source);
    ends.destination =
        store::make_listed_store(std::move(ends.destination), std::move(list), Role::Destination);
    return {};
}

Task<void> close_ends(Ends& ends) {
    if (ends.source) co_await ends.source->close();
    if (ends.destination) co_await ends.destination->close();
}

Task<Result<OneEnd>> open_source(Context& context, StoreKit& kit, const Location& location,
                                 const EndOptions& end) {
    GODWIT_CO_TRY(Found found, co_await open_found(context, kit, location, end));
    OneEnd one;
    one.single_object = !found.stored.empty();
    one.root = std::move(found.identity);
    one.store = std::move(found.store);
    if (one.single_object) {
        one.key = model::Key(found.stored);
        one.store = store::make_single_object_store(std::move(one.store), one.key, one.key);
    }
    co_return std::move(one);
}

}  // namespace godwit::app
